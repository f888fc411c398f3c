"""Schemas in few words."""

from __future__ import annotations

import time
from typing import Any

import pytest

from bridge.chat.tools.signatures import Detail, shortened, signature

ALL, NONE = Detail(1000, 300), Detail(0, 0)


def member(schema: Any, detail: Detail = NONE, **root: Any) -> str:
    told = signature({"type": "object", "properties": {"x": schema}, "required": ["x"], **root}, detail)
    return told.removeprefix("{x: ").removesuffix("}")


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string"}, "string"),
        ({"type": "integer"}, "integer"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": "array", "items": {"type": "string"}}, "string[]"),
        ({"type": "array", "items": {"type": ["string", "null"]}}, "(string | null)[]"),
        ({"type": "array"}, "any[]"),
        ({"items": {"type": "number"}}, "number[]"),
        ({"enum": ["a", 1, None]}, '"a" | 1 | null'),
        ({"enum": list(range(30))}, " | ".join(map(str, range(24))) + " | …"),
        ({"const": "a"}, '"a"'),
        ({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}, "string | string[]"),
        ({"oneOf": [{"type": "string"}, {"type": "string"}]}, "string"),
        ({"allOf": [{"$ref": "#/$defs/a"}, {"type": "object"}]}, "{n?: integer} & object"),
        ({"$ref": "#/$defs/a"}, "{n?: integer}"),
        ({"$ref": "#/$defs/none"}, "any"),
        ({"$ref": "https://example.com/x"}, "any"),
        ({"type": "object"}, "object"),
        ({"type": "object", "additionalProperties": False}, "{}"),
        ({"type": "object", "additionalProperties": {"type": "integer"}}, "{[name]: integer}"),
        ({"properties": {"a b": {"type": "null"}}}, '{"a b"?: null}'),
        ({"type": "object", "properties": {"y": {"properties": {"z": {"type": "boolean"}}}}}, "{y?: {z?: boolean}}"),
        ({"items": {"type": "object", "properties": {"y": {"type": "string"}}, "required": ["y"]}}, "{y: string}[]"),
        (True, "any"),
        ({}, "any"),
        ({"type": "text"}, "any"),
    ],
)
def test_nested_schemas_are_told_too(schema: Any, expected: str) -> None:
    assert member(schema, **{"$defs": {"a": {"properties": {"n": {"type": "integer"}}}}}) == expected


def test_remarks_hold_descriptions_and_limits() -> None:
    schema = {"type": "string", "description": "A\npath */ here.", "minLength": 1, "default": "."}

    assert member(schema, ALL) == 'string /* A path * / here.; minLength 1; default "." */'
    assert member({"type": "integer", "maximum": 9}, ALL) == "integer /* maximum 9 */"
    assert member(schema) == "string"


def test_a_schema_that_refers_to_itself_ends() -> None:
    node: dict[str, Any] = {"type": "object", "properties": {name: {"$ref": "#"} for name in "abcdefghijklmnop"}}
    began = time.process_time()

    assert len(signature(node, ALL)) < 40_000
    assert signature({"$ref": "#"}, ALL) == "any"
    assert time.process_time() - began < 0.5


def test_a_text_is_shortened_to_a_line() -> None:
    assert shortened("a\n  b", 10) == "a b"
    assert shortened("word " * 100, 12) == "word word w…"
    assert shortened("word", 0) == ""
