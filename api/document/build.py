"""The document itself: what FastAPI knows of its routes, joined with what is told of all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.document import failures
from api.document.failures import ErrorBody, Where
from api.document.routes import ROUTES
from api.document.told import FORM, JSON, Told
from api.scopes import Anybody, Need, need_of

_ARGUMENT = re.compile(r"^    (\w+): (.+(?:\n        .+)*)$", re.MULTILINE)
_REF = "#/components/schemas/{model}"
_KEY = "ApiKey"

_TEXT = {"type": "string"}
_PARAMETERS: Mapping[str, tuple[dict[str, Any], str]] = {
    "Idempotency-Key": ({**_TEXT, "pattern": "^[!-~]{1,255}$"}, "The same key and body are the same request."),
    "Prefer": (_TEXT, "`respond-async`: answer at once, with an operation."),
    "Last-Event-ID": ({**_TEXT, "pattern": "^[0-9]{0,15}$"}, "Go on behind this number."),
    "Range": (_TEXT, "`bytes=0-99`"),
    "If-None-Match": (_TEXT, "The `ETag` that the client has."),
    "expires": (_TEXT, "Of a signed link."),
    "signature": (_TEXT, "Of a signed link."),
}


class Api(FastAPI):
    """An application whose document also holds the routes that FastAPI does not see into."""

    def openapi(self) -> dict[str, Any]:
        """The document, made once."""
        if self.openapi_schema is None:
            self.openapi_schema = _whole(super().openapi())
        return self.openapi_schema


def _whole(known: dict[str, Any]) -> dict[str, Any]:
    models: dict[type[BaseModel], None] = {ErrorBody: None}
    models |= {told.takes: None for told in ROUTES.values() if isinstance(told.takes, type)}
    _, defined = models_json_schema([(model, "validation") for model in models], ref_template=_REF)
    beside = {name: schema for name, schema in known["components"]["schemas"].items() if "Validation" not in name}
    paths: dict[str, Any] = {}
    for name, told in ROUTES.items():
        method, path = name.split(" ")
        base = known["paths"].get(path, {}).get(method.lower(), {})
        paths.setdefault(path, {})[method.lower()] = _operation(base, path, method, told)
    return {
        **known,
        "paths": paths,
        "components": {
            "schemas": {**beside, **defined["$defs"]},
            "securitySchemes": {_KEY: {"type": "http", "scheme": "bearer"}},
        },
        "security": [{_KEY: []}],
    }


def _operation(base: dict[str, Any], path: str, method: str, told: Told) -> dict[str, Any]:
    words = str(base.get("description", told.summary))
    summary, _, rest = words.partition("Args:")[0].strip().partition("\n")
    parameters = [*_described(base.get("parameters", ()), words), *_more_parameters(told)]
    reads: set[Where] = {parameter["in"] for parameter in parameters}
    if told.takes is not None:
        reads.add("body")
    answers = {str(answer.status): answer.described for answer in told.answers}
    shown = {
        "tags": base.get("tags") or [_tag(path)],
        "summary": summary.rstrip("."),
        "description": _needs(need_of(path)) + rest.strip(),
        "operationId": base.get("operationId") or re.sub(r"\W+", "_", f"{path}_{method}").strip("_").lower(),
        "responses": {**_errors(path, told, reads), **answers},
    }
    if parameters:
        shown["parameters"] = parameters
    if told.takes is not None:
        shown["requestBody"] = {"required": True, "content": _content(told)}
    if need_of(path) is Anybody.OPEN:
        shown["security"] = [{}, {_KEY: []}]
    return shown


def _errors(path: str, told: Told, reads: set[Where]) -> dict[str, Any]:
    found = failures.answers(path, told, reads)
    if "Range" in told.headers:
        found["416"] = failures.described(["invalid_request"])
    return found


def _content(told: Told) -> dict[str, Any]:
    takes = told.takes
    schema = {"$ref": _REF.format(model=takes.__name__)} if isinstance(takes, type) else takes
    content: dict[str, Any] = {}
    if not told.only_form:
        content[JSON] = {"schema": schema if told.beside is None else {"allOf": [schema, told.beside]}}
        if told.example is not None:
            content[JSON]["example"] = dict(told.example)
    if told.form is not None:
        content[FORM] = {"schema": {"allOf": [schema, told.form]}}
    return content


def _described(parameters: Any, words: str) -> Iterator[dict[str, Any]]:
    """Parameters with what their function's words say of them."""
    said = {name: " ".join(text.split()) for name, text in _ARGUMENT.findall(words)}
    for parameter in parameters:
        text = said.get(parameter["name"])
        yield {**parameter, "description": text} if text else parameter


def _more_parameters(told: Told) -> Iterator[dict[str, Any]]:
    for place, names in (("header", told.headers), ("query", told.query)):
        for name in names:
            schema, text = _PARAMETERS[name]
            yield {"name": name, "in": place, "required": False, "schema": schema, "description": text}


def _needs(need: Need) -> str:
    if need is Anybody.OPEN:
        return ""
    return "Any key. " if need is Anybody.ANY_KEY else f"Needs the scope `{need.value}`. "


def _tag(path: str) -> str:
    parts = path.removeprefix("/v1/").removeprefix("chatgpt/").split("/")
    return parts[0]
