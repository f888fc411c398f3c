"""Holds answers against our own OpenAPI document: the status is declared, the type is, and the body is as it says."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import httpx2
import jsonschema_rs

from tests.fakes.routes import application

_NO_ROUTE = {"not_found", "not_offered", "method_not_allowed"}


def hold(method: str, path: str, response: httpx2.Response, content: bytes) -> None:
    """Fail where an answer is another than the document allows; paths without a route have no entry."""
    operation = _operation("GET" if method == "HEAD" else method, path)
    if operation is None:
        return
    name, declared = operation
    answer = declared["responses"].get(str(response.status_code))
    assert answer is not None, (
        f"{name} answers with {response.status_code}, which it does not declare: {content[:300]!r}"
    )
    kind = response.headers.get("content-type", "").partition(";")[0]
    kinds = answer.get("content", {})
    if method == "HEAD" or not content:
        return
    assert kind in kinds or "*/*" in kinds, f"{name} answers {response.status_code} with {kind!r}, not {list(kinds)}"
    if kind == "application/json" and kind in kinds:
        body = json.loads(content)
        if response.status_code < 400 and "error" in body and set(body) == {"error"}:
            # Said after early headers, when the status was gone.
            return
        problems = [
            f"{error.instance_path}: {error.message}"
            for error in _validator(name, response.status_code).iter_errors(body)
        ]
        assert not problems, f"{name} {response.status_code}: {problems[:3]}"


@cache
def document() -> dict[str, Any]:
    """Our document."""
    return application().openapi()


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Literal paths before those with parameters; the name of a model may have slashes."""
    paths = sorted(document()["paths"], key=lambda path: (path.count("{"), path))
    return [
        (re.compile(re.sub(r"\\{[^}]*\\}", ".+" if "model_id" in path else "[^/]+", re.escape(path))), path)
        for path in paths
    ]


def _operation(method: str, path: str) -> tuple[str, dict[str, Any]] | None:
    for pattern, template in _patterns():
        declared = document()["paths"][template].get(method.lower())
        if declared is not None and pattern.fullmatch(path):
            return f"{method} {template}", declared
    return None


@cache
def _validator(name: str, status: int) -> jsonschema_rs.Validator:
    method, path = name.split(" ")
    schema = document()["paths"][path][method.lower()]["responses"][str(status)]["content"]["application/json"][
        "schema"
    ]
    return jsonschema_rs.Draft202012Validator({**schema, "components": document()["components"]})
