"""The OpenAPI document: valid, whole, and about the bodies that are really checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import pytest
import schemathesis

from api.document.routes import ROUTES
from api.errors import STATUSES
from api.scopes import Anybody, need_of
from api.validation import Request
from core.contracts.operations import OperationRecord
from tests.fakes.documented import document
from tests.fakes.routes import routes
from tests.fakes.server import Served, complete

_OWN = ("GET", "/openapi.json")


def operations() -> Mapping[tuple[str, str], Any]:
    return {
        (method.upper(), path): declared
        for path, several in document()["paths"].items()
        for method, declared in several.items()
    }


def test_it_is_valid_openapi_3_1_and_every_reference_leads_somewhere() -> None:
    schemathesis.openapi.from_dict(document()).validate()
    text = json.dumps(document())

    assert document()["openapi"].startswith("3.1")
    for reference in set(re.findall(r'"\$ref": "#/([^"]+)"', text)):
        found = document()
        for step in reference.split("/"):
            found = found[step]


def test_every_route_is_in_it_and_nothing_else() -> None:
    mounted = {(method, path.replace(":path", "")) for method, path in routes()} - {_OWN}

    assert set(operations()) == mounted


def test_names_of_operations_are_there_once() -> None:
    names = [declared["operationId"] for declared in operations().values()]

    assert len(names) == len(set(names))


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_each_says_what_it_is_for_who_may_and_how_it_fails(route: str) -> None:
    method, path = route.split(" ")
    declared = operations()[method, path]

    assert declared["summary"], route
    assert declared["tags"], route
    assert {"400", "408", "413", "421", "429", "431", "500", "503"} <= set(declared["responses"])
    assert ("401" in declared["responses"]) is (need_of(path) is not Anybody.OPEN or "/chatgpt/files/" in path)
    assert ({} in declared.get("security", ())) is (need_of(path) is Anybody.OPEN)
    assert (method in ("POST", "PUT", "PATCH")) or "requestBody" not in declared


def test_a_codes_status_is_that_of_the_one_table() -> None:
    for declared in operations().values():
        for status, answer in declared["responses"].items():
            for code in re.findall(r"^`(\w+)`|, `(\w+)`", answer["description"]) if int(status) >= 400 else ():
                assert "".join(code) in STATUSES


async def test_the_model_that_is_told_is_the_one_that_checks(
    served: Served, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every example of a body is a good one, and is checked by the model of which it is one."""

    async def work(record: OperationRecord) -> None:
        await complete(served, record.id)

    served.temporal.work = work
    seen: set[type[Any]] = set()
    usual = Request.model_validate.__func__  # type: ignore[attr-defined]

    def watched(cls: type[Any], *given: Any, **more: Any) -> Any:
        seen.add(cls)
        return usual(cls, *given, **more)

    monkeypatch.setattr(Request, "model_validate", classmethod(watched))
    for route, told in ROUTES.items():
        if not isinstance(told.takes, type):
            continue
        method, path = route.split(" ")
        form = {"data": {"purpose": "?"}, "files": {"file": b"x"}} if told.only_form else {"json": told.example}
        await client.request(method, re.sub(r"\{[^}]*\}", "none", path), **form)
        assert told.takes in seen, route
        seen.clear()


async def test_it_is_served_to_any_key(client: httpx2.AsyncClient) -> None:
    answer = await client.get("/openapi.json")

    assert answer.json() == document()
