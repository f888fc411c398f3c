"""Holds answers against OpenAI's own document, where `OPENAI_OPENAPI_SPEC` names a file that has it.

The document is not part of this repository: it is OpenAI's, and large. Without it nothing is held against it.
"""

from __future__ import annotations

import json
import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs

VARIABLE = "OPENAI_OPENAPI_SPEC"

_JSON, _EVENTS = "application/json", "text/event-stream"


def hold_body(method: str, path: str, status: int, body: Any) -> None:
    """Fail where a whole answer does not fit the document; one that it does not describe fits."""
    if VARIABLE not in os.environ:
        return
    schema = _ERROR if status >= 400 else _declared(method, path, status, _JSON)
    _hold(f"{method} {path} {status}", schema, body)


def hold_event(path: str, body: Any) -> None:
    """The same for one event of a stream."""
    if VARIABLE in os.environ:
        schema = (
            _ERROR
            if "error" in body and body.get("type", "error") == "error"
            else _declared("POST", path, 200, _EVENTS)
        )
        _hold(f"an event of {path}", schema, body)


_ERROR = '{"$ref": "#/components/schemas/ErrorResponse"}'


def _hold(what: str, schema: str | None, body: Any) -> None:
    if schema is None:
        return
    problems = [
        f"{'.'.join(map(str, error.instance_path))}: {error.message[:200]}"
        for error in _validator(schema).iter_errors(body)
    ]
    assert not problems, f"OpenAI's document has {what} otherwise: {'; '.join(problems[:4])}"


def _declared(method: str, path: str, status: int, kind: str) -> str | None:
    """The schema of an answer, as text; `None` where the document has none."""
    for pattern, template in _patterns():
        if pattern.fullmatch(path):
            operation = _document()["paths"][template].get(method.lower(), {})
            content = operation.get("responses", {}).get(str(status), {}).get("content", {})
            schema = content.get(kind, {}).get("schema")
            return json.dumps(schema) if schema else None
    return None


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(_document()["paths"], key=lambda path: (path.count("{"), path))
    parameter = re.compile(r"\\{[^}]*\\}")
    return [
        (re.compile("/v1" + parameter.sub(".+" if path == "/models/{model}" else "[^/]+", re.escape(path))), path)
        for path in paths
    ]


@cache
def _validator(schema: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.Draft202012Validator({**json.loads(schema), "components": _document()["components"]})


@cache
def _document() -> dict[str, Any]:
    text = Path(os.environ[VARIABLE]).read_text("utf-8")
    if text.lstrip().startswith("{"):
        found = json.loads(text)
    else:
        import yaml

        # Dates in examples are text in JSON.
        found = json.loads(json.dumps(yaml.load(text, Loader=yaml.CSafeLoader), default=str))
    return _as_2020_12(found)


def _as_2020_12(found: Any) -> Any:
    """The document's `nullable`, a word of OpenAPI 3.0, in those of JSON Schema."""
    if isinstance(found, list):
        return [_as_2020_12(one) for one in found]
    if not isinstance(found, dict):
        return found
    plain = {name: _as_2020_12(value) for name, value in found.items() if name != "nullable" or value is not True}
    return plain if found.get("nullable") is not True else {"anyOf": [plain, {"type": "null"}]}


def forget() -> None:
    """Read the document anew, for another one is named."""
    for kept in (_document, _patterns, _validator):
        kept.cache_clear()
