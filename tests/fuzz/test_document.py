"""What the document allows and what it does not, sent to every route."""

from __future__ import annotations

from typing import Any

import schemathesis
from hypothesis import assume
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.fakes.documented import document
from tests.fakes.server import KEY, Served
from tests.fuzz.amount import examples

_CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


def without_keys(declared: dict[str, Any]) -> dict[str, Any]:
    """The document without its security: who asks is up to the test."""
    paths = {
        path: {method: {**told, "security": []} for method, told in several.items()}
        for path, several in declared["paths"].items()
    }
    return {**declared, "paths": paths, "security": []}


schema = schemathesis.openapi.from_dict(without_keys(document()))


@schema.parametrize()
@examples(8)
def test_no_request_gets_an_answer_that_is_not_declared(case: schemathesis.Case, fuzzed: Served) -> None:
    # A name that is a word of another route's address leads there.
    assume(case.formatted_path == case.path or case.formatted_path not in document()["paths"])
    sent = len(fuzzed.world.asked)
    unknown = case.call(fuzzed.url, timeout=10)
    assert len(fuzzed.world.asked) == sent
    case.validate_response(unknown, checks=_CHECKS)

    known = case.call(fuzzed.url, headers={"authorization": f"Bearer {KEY}"}, timeout=10)
    case.validate_response(known, checks=[*_CHECKS, negative_data_rejection])
