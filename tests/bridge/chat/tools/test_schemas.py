"""Calls against the schemas of their tools."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from bridge.chat.tools.offer import FREEFORM, Offer, Tool, ToolCall
from bridge.chat.tools.pieces import Found
from bridge.chat.tools.schemas import Checker, Problem

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "path": {"type": "string"},
        "line": {"type": "integer"},
        "ratio": {"type": "number"},
        "all": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "where": {"type": "object"},
        "mode": {"enum": ["r", "w"]},
        "size": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "edits": {
            "type": "array",
            "items": {"type": "object", "properties": {"at": {"type": "integer"}}, "required": ["at"]},
        },
    },
    "required": ["path"],
    "additionalProperties": False,
}
TOOLS = (
    Tool("read", parameters=SCHEMA),
    Tool("exact", parameters=SCHEMA, strict=True),
    Tool("any"),
    Tool("patch", parameters=FREEFORM, freeform=True),
    Tool("re-ad"),
    Tool("re_ad"),
)
CHECKER = Checker(Offer(TOOLS))


def check(name: str, arguments: Any) -> ToolCall | Problem:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return CHECKER.check(Found(name, text, ""))


def delivered(name: str, arguments: Any) -> Any:
    call = check(name, arguments)
    assert isinstance(call, ToolCall)
    return json.loads(call.arguments)


def complaints(name: str, arguments: Any) -> tuple[str, ...]:
    problem = check(name, arguments)
    assert isinstance(problem, Problem)
    return problem.sentences


def test_a_call_that_fits_is_delivered_with_an_id_of_its_own() -> None:
    first, second = check("read", {"path": "a"}), check("read", {"path": "a"})

    assert isinstance(first, ToolCall)
    assert isinstance(second, ToolCall)
    assert (first.name, first.arguments) == ("read", '{"path":"a"}')
    assert first.id.startswith("call_")
    assert first.id != second.id


@pytest.mark.parametrize("name", ["READ", "functions.read", "Functions.Read"])
def test_a_name_spelt_alike_is_the_tool(name: str) -> None:
    call = check(name, {"path": "a"})

    assert isinstance(call, ToolCall)
    assert call.name == "read"


def test_a_name_that_two_tools_are_spelt_like_is_neither() -> None:
    assert complaints("RE.AD", {}) == ('There is no tool named "RE.AD"; did you mean re-ad or re_ad or read?',)


def test_a_tool_of_no_such_name_names_near_ones() -> None:
    assert complaints("raed", {}) == ('There is no tool named "raed"; did you mean read or re-ad or re_ad?',)
    assert complaints("zzz", {}) == ('There is no tool named "zzz".',)
    assert len(complaints("x" * 100_000, {})[0]) < 200


def test_no_arguments_are_an_empty_object() -> None:
    assert delivered("any", {}) == {}


@pytest.mark.parametrize(
    "arguments", ["[]", "3", '"x"', "null", "not json", "{", "", "NaN", '{"x": 1e999}', '{"x": NaN}']
)
def test_arguments_that_are_no_object_are_wrong(arguments: str) -> None:
    assert complaints("any", arguments) == ("$: the arguments must be one JSON object",)


@pytest.mark.parametrize("levels", [101, 300, 900, 20_000])
def test_arguments_that_are_too_deep_are_wrong(levels: int) -> None:
    assert complaints("any", '{"x":' * levels + "1" + "}" * levels)
    assert complaints("read", json.dumps({"path": "a", "where": '{"x":' * levels + "1" + "}" * levels}))


@pytest.mark.parametrize("arguments", ["*** Begin Patch", '"*** Begin Patch"', '{"input": "*** Begin Patch"}'])
def test_a_tool_that_takes_text_takes_the_text_itself(arguments: str) -> None:
    assert delivered("patch", arguments) == {"input": "*** Begin Patch"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, ('$: "path" is missing',)),
        ({"path": 3}, ("$.path: must be string, not integer",)),
        ({"path": "a", "line": True}, ("$.line: must be integer, not boolean",)),
        ({"path": "a", "x": 1, "y": 2}, ('$: there is no "x", "y"',)),
        ({"path": "a", "mode": "a"}, ('$.mode: must be one of ["r","w"]',)),
        ({"path": "a", "size": "big"}, ("$.size: fits none of the forms that the schema allows",)),
        ({"path": "a", "edits": [{"at": 1}, {}]}, ('$.edits[1]: "at" is missing',)),
        ({"path": "a", "edits": [{"at": [1]}]}, ("$.edits[0].at: must be integer, not array",)),
    ],
)
def test_what_is_wrong_is_said_with_its_path(arguments: dict[str, Any], expected: tuple[str, ...]) -> None:
    assert complaints("read", arguments) == expected


@pytest.mark.parametrize(
    ("limits", "value", "expected"),
    [
        ({"maximum": 5}, 9, "$.x: is against the schema: maximum 5"),
        ({"minLength": 2}, "a", "$.x: is against the schema: minLength 2"),
        ({"pattern": "^a"}, "b", '$.x: is against the schema: pattern "^a"'),
        ({"const": 1}, 2, "$.x: is against the schema: const 1"),
        ({"uniqueItems": True}, [1, 1], "$.x: is against the schema: uniqueItems"),
        ({"not": {}}, 1, "$.x: is against the schema: not {}"),
        ({"oneOf": [{"type": "string"}, {"minLength": 1}]}, "a", "$.x: fits none of the forms that the schema allows"),
        (False, 1, "$.x: is against the schema: falseSchema"),
    ],
)
def test_other_rules_are_named_with_their_limits(limits: Any, value: Any, expected: str) -> None:
    checker = Checker(Offer((Tool("t", parameters={"properties": {"x": limits}}),)))

    problem = checker.check(Found("t", json.dumps({"x": value}), ""))

    assert isinstance(problem, Problem)
    assert problem.sentences == (expected,)


def test_complaints_are_few_and_short() -> None:
    many = {str(number): number for number in range(500)}

    assert len(complaints("read", {"path": "a", **many})[0]) < 300
    assert len(complaints("read", {"path": "a", "tags": [1] * 1000})) == 6


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"line": "3"}, {"line": 3}),
        ({"line": "-30"}, {"line": -30}),
        ({"ratio": "0.5"}, {"ratio": 0.5}),
        ({"all": "true"}, {"all": True}),
        ({"all": "false"}, {"all": False}),
        ({"tags": '["a"]'}, {"tags": ["a"]}),
        ({"where": '{"a": 1}'}, {"where": {"a": 1}}),
        ({"line": None, "tags": None}, {}),
        ({"edits": [{"at": "3"}, {"at": 4}]}, {"edits": [{"at": 3}, {"at": 4}]}),
    ],
)
def test_what_can_be_read_in_one_way_only_is_put_right(given: dict[str, Any], expected: dict[str, Any]) -> None:
    assert delivered("read", {"path": "a", **given}) == {"path": "a", **expected}


@pytest.mark.parametrize(
    "given",
    [
        {"line": "03"},
        {"line": "3.0"},
        {"line": " 3"},
        {"line": "1e3"},
        {"line": "9" * 20},
        {"ratio": "1,5"},
        {"ratio": ".5"},
        {"all": "True"},
        {"all": "yes"},
        {"all": 1},
        {"tags": "a"},
        {"tags": '{"a": 1}'},
        {"where": "[" * 5000},
        {"edits": [None]},
        {"size": "3"},
        {"path": None},
        {"line": "3", "mode": "x"},
        {"edits": '[{"at": "3"}]'},
        {"tags": "['a']"},
    ],
)
def test_nothing_is_guessed(given: dict[str, Any]) -> None:
    assert complaints("read", {"path": "a", **given})


def test_nothing_is_put_right_for_a_strict_tool() -> None:
    assert complaints("exact", {"path": "a", "line": "3"}) == ("$.line: must be integer, not string",)


def test_half_of_a_character_is_replaced() -> None:
    assert delivered("read", '{"path":"a\\ud83d"}') == {"path": "a\ufffd"}
    assert delivered("read", {"path": "a", "where": '{"x": "\\ud83d"}'}) == {"path": "a", "where": {"x": "\ufffd"}}
    assert delivered("patch", "a\ud83d") == {"input": "a\ufffd"}
    assert delivered("patch", "\ud83d\ude00") == {"input": "😀"}


def test_checking_is_quick() -> None:
    text = json.dumps({"path": "x" * 100_000})
    CHECKER.check(Found("read", text, ""))
    began = time.process_time()

    for _ in range(20):
        CHECKER.check(Found("read", text, ""))

    assert (time.process_time() - began) / 20 < 0.02
