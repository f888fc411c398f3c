"""Compiled schemas: which are accepted, that nothing is fetched, and that no pattern can hold the process up."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from typing import Any

import pytest

from bridge.chat.tools.validators import UnusableSchemaError, validator


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"},
        {"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object"},
        {"properties": {"x": {"type": "array", "items": [{"type": "string"}]}}},
        {"properties": {"x": {"minimum": 1, "exclusiveMinimum": True}}},
        {"$ref": "#/$defs/node", "$defs": {"node": {"properties": {"next": {"$ref": "#/$defs/node"}}}}},
        {"definitions": {"a": {"type": "string"}}, "properties": {"x": {"$ref": "#/definitions/a"}}},
        {"properties": {"x": {"type": "string", "pattern": r"^(?!\.)(?!.*\.\.)[a-z.]+@[a-z]+$", "format": "email"}}},
        {"properties": {"x": {"type": "string", "nullable": True}}, "x-order": ["x"]},
        {"$schema": "https://example.com/my-draft"},
    ],
)
def test_a_schema_of_any_draft_is_accepted(schema: dict[str, Any]) -> None:
    assert validator(schema).is_valid({})


@pytest.mark.parametrize("address", ["http://{host}/x.json", "http://{host}/x.json#/$defs/a", "file:///etc/hostname"])
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "$schema", "$id"])
def test_nothing_is_fetched(address: str, keyword: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        where = address.format(host=f"127.0.0.1:{server.getsockname()[1]}")
        for schema in ({keyword: where}, {"properties": {"x": {keyword: where}}}, {keyword: where, "$ref": "y.json"}):
            with suppress(UnusableSchemaError):
                validator(schema).is_valid({"x": 1})

        with pytest.raises(BlockingIOError):
            server.accept()


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "https://example.com/schema.json"},
        {"properties": {"x": {"$ref": "http://127.0.0.1:9/x.json#/y"}}},
        {"$id": "file:///etc/", "properties": {"x": {"$ref": "hostname"}}},
    ],
)
def test_a_reference_elsewhere_is_refused(schema: dict[str, Any]) -> None:
    with pytest.raises(UnusableSchemaError, match=r"Retrieval is disabled[^\n]*\Z"):
        validator(schema)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"properties": {"x": {"pattern": "("}}},
        {"properties": {"x": {"pattern": "(a{1000}){1000}"}}},
        {"properties": {"x": {"type": "string", "required": True}}},
        {"$ref": "#/$defs/none"},
    ],
)
def test_what_is_no_schema_says_why(schema: dict[str, Any]) -> None:
    with pytest.raises(UnusableSchemaError, match="."):
        validator(schema)


@pytest.mark.parametrize("pattern", [r"^(a+)+$", r"^(?=(a+)+$)(a|a)*c$", r"^(?:(a+)+)+(?!b)\1x$", r"(.*)*\1(?=z)z"])
def test_no_pattern_takes_long(pattern: str) -> None:
    check = validator({"properties": {"x": {"pattern": pattern}}})
    began = time.process_time()

    check.is_valid({"x": "a" * 20_000 + "!"})

    assert time.process_time() - began < 1


def test_the_same_schema_is_compiled_once() -> None:
    assert validator({"title": "once"}) is validator({"title": "once"})
    assert validator({"title": "once"}) is not validator({"title": "twice"})


def test_a_huge_schema_is_not_kept() -> None:
    schema = {"description": "x" * 100_000}

    assert validator(schema) is not validator(schema)
