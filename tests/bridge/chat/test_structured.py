"""Answers in JSON."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.chat.structured import Fails, Fits, Shape, examine, read_shape
from core.errors import InvalidRequestError

SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
PERSON = {"type": "json_schema", "json_schema": {"name": "person", "schema": SCHEMA, "strict": True}}


def shape() -> Shape:
    found = read_shape(PERSON, param="response_format", nested=True)
    assert found is not None
    return found


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "Ann", "age": 3}',
        '\n {"name": "Ann", "age": 3}\n',
        '```json\n{"name": "Ann", "age": 3}\n```',
        'Here it is:\n```\n{"name": "Ann", "age": 3}\n```\nAnything else?',
        'Sure! {"name": "Ann", "age": 3} That is all.',
        '\ufeff{"name": "Ann", "age": 3}',
    ],
)
def test_the_json_of_an_answer_is_found_and_kept_as_it_is_written(text: str) -> None:
    assert examine(text, shape()) == Fits('{"name": "Ann", "age": 3}')


@pytest.mark.parametrize(
    ("text", "problem", "spoken"),
    [
        ('{"name": "Ann"}', '$: "age" is missing', False),
        ('{"name": "Ann", "age": "3"}', "$.age: must be integer", False),
        ('{"name": "Ann", "age": NaN}', "not valid JSON", False),
        ('{"name": "Ann", "age": 3', "not valid JSON", False),
        ("I cannot help with that.", "not valid JSON", True),
        ("[" * 100_000, "not valid JSON", False),
    ],
)
def test_what_does_not_fit_says_what_is_wrong(text: str, problem: str, spoken: bool) -> None:
    found = examine(text, shape())

    assert isinstance(found, Fails)
    assert problem in found.problems[0]
    assert problem in found.instruction
    assert found.spoken is spoken


def test_any_object_will_do_where_no_schema_is_given() -> None:
    anything = read_shape({"type": "json_object"}, param="response_format", nested=True)

    assert anything is not None
    assert examine('{"a": [1]}', anything) == Fits('{"a": [1]}')
    assert isinstance(examine("[1]", anything), Fails)
    assert "JSON object" in anything.instruction


def test_the_model_is_shown_the_schema_its_name_and_what_it_is_for() -> None:
    told = {**PERSON["json_schema"], "description": "Somebody."}  # type: ignore[dict-item]
    flat = read_shape({"type": "json_schema", **told}, param="text.format", nested=False)

    assert flat is not None
    assert '"required":["name","age"]' in flat.instruction
    assert "person: Somebody." in flat.instruction


@pytest.mark.parametrize("given", [None, {"type": "text"}])
def test_plain_text_has_no_form(given: dict[str, Any] | None) -> None:
    assert read_shape(given, param="response_format", nested=True) is None


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({}, "response_format.type"),
        ({"type": "xml"}, "response_format.type"),
        ({"type": "json_schema"}, "response_format.json_schema"),
        ({"type": "json_schema", "json_schema": {"schema": {}}}, "response_format.json_schema.name"),
        ({"type": "json_schema", "json_schema": {"name": "a b"}}, "response_format.json_schema.name"),
        ({"type": "json_schema", "json_schema": {"name": "a", "schema": []}}, "response_format.json_schema.schema"),
        (
            {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "nope"}}},
            "response_format.json_schema.schema",
        ),
        (
            {"type": "json_schema", "json_schema": {"name": "a", "schema": {"$ref": "http://127.0.0.1:9/x"}}},
            "response_format.json_schema.schema",
        ),
    ],
)
def test_a_form_that_cannot_be_asked_for_names_its_field(given: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        read_shape(given, param="response_format", nested=True)

    assert refusal.value.param == param
