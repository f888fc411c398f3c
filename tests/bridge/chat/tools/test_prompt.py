"""What models are told about tools."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from bridge.chat.tools.calls import CallParser, Found
from bridge.chat.tools.offer import FREEFORM, Offer, PromptMode, Tool
from bridge.chat.tools.prompt import COMPACT_BUDGET, FORM, descriptions, excerpt, instructions, reminder

SCHEMA = {
    "type": "object",
    "properties": {"command": {"type": "string", "description": "What to run."}, "timeout": {"type": "integer"}},
    "required": ["command"],
}
BASH = Tool("bash", "Runs a command.", SCHEMA)
EXACT = Tool("exact", parameters=SCHEMA, strict=True)
PATCH = Tool("patch", "Patches.\nThe input must match this lark grammar:\nstart: /a+/", FREEFORM, freeform=True)


def test_the_form_is_one_that_is_read_as_a_call() -> None:
    filled = FORM.replace("<tool>", "bash").replace("{…}", "{}")

    (found,) = CallParser(("bash",)).feed(filled)

    assert found == Found("bash", "{}", filled)


def test_the_policy_says_who_runs_and_in_which_form() -> None:
    told = instructions(Offer((BASH,)))

    assert "cannot run anything yourself" in told
    assert FORM in told
    assert "answer in plain words" in told
    assert "Put calls into one list only if" in told


def test_nothing_is_told_without_tools() -> None:
    assert instructions(Offer()) == ""
    assert reminder(Offer()) == ""


def test_forbidden_calls_are_told_and_the_tools_are_not() -> None:
    offer = Offer((BASH,), choice="none")

    assert instructions(offer) == "Tools may not be called now. Answer in plain words."
    assert reminder(offer) == ""


def test_rules_are_told_only_where_they_apply() -> None:
    plain = instructions(Offer((BASH,)))

    assert not any(
        word in plain for word in ("strict", "marked text", "You must call", "exactly one call", "workspace")
    )
    assert "Tools marked strict" in instructions(Offer((EXACT,)))
    assert "Tools marked text" in instructions(Offer((PATCH,)))
    assert "exactly one call" in instructions(Offer((BASH,), parallel=False))
    assert "never say it was done without one" in instructions(Offer((BASH,)), workspace=True)


@pytest.mark.parametrize(
    ("offer", "words"),
    [
        (Offer((BASH, PATCH), choice="required"), "You must call at least one tool"),
        (Offer((BASH, PATCH), named="bash"), "You must call the tool bash"),
    ],
)
def test_a_demanded_call_is_demanded_at_both_ends(offer: Offer, words: str) -> None:
    assert words in instructions(offer)
    assert "When no tool is needed" not in instructions(offer)
    assert words.removeprefix("You must ") in reminder(offer)


def test_only_the_named_tool_is_described() -> None:
    assert "patch" not in instructions(Offer((BASH, PATCH), named="bash"))


def test_compact_descriptions_are_a_line_a_tool() -> None:
    assert descriptions((BASH, EXACT, Tool("now")), PromptMode.OPTIMIZED).splitlines() == [
        "- bash {command: string /* What to run. */, timeout?: integer}: Runs a command.",
        "- exact (strict) {command: string /* What to run. */, timeout?: integer}",
        "- now {}",
    ]


def test_a_grammar_is_told_whole() -> None:
    assert descriptions((PATCH,), PromptMode.OPTIMIZED) == (
        "- patch (text) {input: string}: Patches.\nThe input must match this lark grammar:\nstart: /a+/"
    )


def test_full_descriptions_are_the_whole_schemas() -> None:
    whole, exact, bare = map(json.loads, descriptions((BASH, EXACT, Tool("now")), PromptMode.OPENCODE).splitlines())

    assert whole == {"name": "bash", "description": "Runs a command.", "parameters": SCHEMA}
    assert exact["strict"] is True
    assert bare["parameters"] == {"type": "object", "properties": {}}


def test_many_tools_are_told_in_fewer_words() -> None:
    tools = tuple(replace(BASH, name=f"tool_{number}", description="word " * 300) for number in range(300))

    told = descriptions(tools, PromptMode.OPTIMIZED)

    assert len(told) <= COMPACT_BUDGET
    assert all(f"- {tool.name} {{command: string, timeout?: integer}}" in told for tool in tools)


def test_an_excerpt_of_a_long_schema_is_compact() -> None:
    assert json.loads(excerpt(BASH))["parameters"] == SCHEMA
    assert len(excerpt(replace(BASH, description="word " * 2000))) < 2000
