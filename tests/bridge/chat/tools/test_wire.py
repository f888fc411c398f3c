"""What clients send, as an offer."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.chat.tools.offer import FREEFORM, Offer, PromptMode
from bridge.chat.tools.wire import read_offer
from core.errors import InvalidRequestError

SCHEMA = {"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command"]}


def chat(name: str = "bash", **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": SCHEMA, **more}}


def flat(name: str = "bash", **more: Any) -> dict[str, Any]:
    return {"type": "function", "name": name, "parameters": SCHEMA, **more}


def group(name: str, *tools: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "namespace", "name": name, "tools": list(tools), **more}


def allowed(*names: str) -> dict[str, Any]:
    return {"mode": "required", "tools": [{"type": "function", "function": {"name": name}} for name in names]}


def test_both_shapes_of_a_function_are_read() -> None:
    for entry in (chat(description="Runs.", strict=True), flat(description="Runs.", strict=True)):
        (tool,) = read_offer({"tools": [entry]}).tools

        assert (tool.name, tool.description, tool.parameters, tool.strict) == ("bash", "Runs.", SCHEMA, True)


def test_a_function_needs_no_more_than_a_name() -> None:
    (tool,) = read_offer({"tools": [{"type": "function", "function": {"name": "now", "strict": None}}]}).tools

    assert (tool.parameters, tool.strict, tool.description) == ({}, False, "")


def test_a_body_without_tools_is_an_empty_offer() -> None:
    assert read_offer({"messages": [], "tools": None, "tool_choice": "auto"}, PromptMode.OPENCODE) == Offer(
        mode=PromptMode.OPENCODE
    )


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "custom", "custom": {"name": "patch", "description": "Patches."}},
        {"type": "custom", "name": "patch", "description": "Patches.", "format": {"type": "text"}},
    ],
)
def test_a_custom_tool_takes_its_text_as_input(entry: dict[str, Any]) -> None:
    (tool,) = read_offer({"tools": [entry]}).tools

    assert (tool.name, tool.description, tool.parameters, tool.freeform) == ("patch", "Patches.", FREEFORM, True)


@pytest.mark.parametrize(
    "form",
    [
        {"type": "grammar", "syntax": "lark", "definition": "start: /a+/"},
        {"type": "grammar", "grammar": {"syntax": "lark", "definition": "start: /a+/"}},
    ],
)
def test_the_grammar_of_a_custom_tool_is_told_in_its_description(form: dict[str, Any]) -> None:
    (tool,) = read_offer({"tools": [{"type": "custom", "name": "patch", "format": form}]}).tools

    assert tool.description == "The input must match this lark grammar:\nstart: /a+/"


def test_the_members_of_a_namespace_have_flat_names() -> None:
    groups = [
        group("crm", flat("find"), flat("add", description="Adds."), description="Customers."),
        group("mcp.files__", {"type": "custom", "name": "patch"}),
    ]

    tools = read_offer({"tools": groups}).tools

    assert [(tool.name, tool.namespace, tool.own_name) for tool in tools] == [
        ("crm__find", "crm", "find"),
        ("crm__add", "crm", "add"),
        ("mcp_files__patch", "mcp.files__", "patch"),
    ]
    assert [tool.description for tool in tools] == ["Customers.", "Adds.", ""]
    assert tools[2].freeform


def test_other_types_are_ignored_and_named() -> None:
    hosted: list[dict[str, Any]] = [
        {"type": "web_search"},
        {"type": "mcp", "server_label": "x"},
        {"type": "web_search"},
    ]

    offer = read_offer({"tools": [*hosted, flat()], "tool_choice": {"type": "web_search"}})

    assert [tool.name for tool in offer.tools] == ["bash"]
    assert offer.ignored == ("web_search", "mcp")


def test_required_is_let_go_where_only_hosted_tools_were_sent() -> None:
    assert read_offer({"tools": [{"type": "web_search"}], "tool_choice": "required"}).choice == "auto"


def test_the_older_functions_are_read_without_parallel_calls() -> None:
    offer = read_offer({"functions": [{"name": "bash", "parameters": SCHEMA}], "function_call": {"name": "bash"}})

    assert ([tool.name for tool in offer.tools], offer.named, offer.parallel) == (["bash"], "bash", False)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", ("auto", None)),
        ("none", ("none", None)),
        ("required", ("required", None)),
        ({"type": "function", "function": {"name": "bash"}}, ("auto", "bash")),
        ({"type": "function", "name": "bash"}, ("auto", "bash")),
        ({"type": "custom", "custom": {"name": "patch"}}, ("auto", "patch")),
        ({"type": "function", "name": "find", "namespace": "crm"}, ("auto", "crm__find")),
        ({"type": "function", "name": "crm__find"}, ("auto", "crm__find")),
    ],
)
def test_every_way_to_choose_is_read(choice: Any, expected: tuple[str, str | None]) -> None:
    tools = [flat(), {"type": "custom", "name": "patch"}, group("crm", flat("find"))]

    offer = read_offer({"tools": tools, "tool_choice": choice})

    assert (offer.choice, offer.named) == expected


@pytest.mark.parametrize(
    "choice",
    [
        {"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "b"}, {"type": "mcp"}]},
        {"type": "allowed_tools", "allowed_tools": allowed("b")},
    ],
)
def test_allowed_tools_leave_the_others_out(choice: dict[str, Any]) -> None:
    offer = read_offer({"tools": [flat("a"), flat("b"), flat("c")], "tool_choice": choice})

    assert ([tool.name for tool in offer.tools], offer.choice) == (["b"], "required")


def test_parallel_calls_can_be_declined() -> None:
    assert not read_offer({"tools": [flat()], "parallel_tool_calls": False}).parallel
    assert read_offer({"tools": [flat()], "parallel_tool_calls": None}).parallel


DEEP: dict[str, Any] = {"type": "object"}
for _ in range(80):
    DEEP = {"type": "object", "properties": {"x": DEEP}}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"tools": {}}, None),
        ({"tools": "bash"}, "tools"),
        ({"tools": [flat(), 7]}, "tools[1]"),
        ({"tools": [{"name": "x"}]}, "tools[0].type"),
        ({"tools": [{"type": "function", "function": []}]}, "tools[0].function"),
        ({"tools": [chat(), chat("b"), chat("no spaces")]}, "tools[2].function.name"),
        ({"tools": [flat("x" * 129)]}, "tools[0].name"),
        ({"tools": [flat(None)]}, "tools[0].name"),  # type: ignore[arg-type]
        ({"tools": [chat(description=7)]}, "tools[0].function.description"),
        ({"tools": [flat(strict="yes")]}, "tools[0].strict"),
        ({"tools": [flat(parameters="x")]}, "tools[0].parameters"),
        ({"tools": [flat(parameters={"type": "string"})]}, "tools[0].parameters.type"),
        ({"tools": [chat(parameters={"type": "object", "properties": 3})]}, "tools[0].function.parameters"),
        ({"tools": [flat(parameters={"properties": {"x": {"pattern": "("}}})]}, "tools[0].parameters"),
        ({"tools": [flat(parameters={"$ref": "https://example.com/x.json"})]}, "tools[0].parameters"),
        ({"tools": [flat(parameters=DEEP)]}, "tools[0]"),
        ({"tools": [flat(), flat()]}, "tools"),
        ({"tools": [flat(f"t{number}") for number in range(513)]}, "tools"),
        ({"tools": [flat(description="x" * 2_200_000)]}, "tools"),
        ({"tools": [{"type": "custom", "name": "x", "format": "text"}]}, "tools[0].format"),
        ({"tools": [{"type": "namespace", "tools": []}]}, "tools[0].name"),
        ({"tools": [group("a", group("b", flat()))]}, "tools[0].tools"),
        ({"tools": [group("a" * 126, flat())]}, "tools[0].tools"),
        ({"tools": [group("a", flat(strict=3))]}, "tools[0].tools[0].strict"),
        ({"functions": [{"name": "x!"}]}, "functions[0].name"),
        ({"functions": [{"name": "x"}], "function_call": {"name": "y"}}, "function_call"),
        ({"tools": [flat()], "tool_choice": "always"}, "tool_choice"),
        ({"tools": [flat()], "tool_choice": 3}, "tool_choice"),
        ({"tools": [flat()], "tool_choice": {"type": "function", "name": "other"}}, "tool_choice"),
        ({"tools": [flat()], "tool_choice": {"type": "function"}}, "tool_choice"),
        ({"tools": [flat()], "tool_choice": {"type": "web_search"}}, "tool_choice"),
        ({"tools": [flat()], "tool_choice": {"type": "allowed_tools", "tools": 3}}, "tool_choice.tools"),
        ({"tools": [flat()], "tool_choice": {"type": "allowed_tools", "tools": [], "mode": "x"}}, "tool_choice.mode"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"tools": [flat()], "parallel_tool_calls": "no"}, "parallel_tool_calls"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body: dict[str, Any], param: str | None) -> None:
    if param is None:
        assert read_offer(body).tools == ()
        return
    with pytest.raises(InvalidRequestError) as refusal:
        read_offer(body)

    assert refusal.value.param == param
    assert len(str(refusal.value)) < 600


def test_a_large_offer_is_read_and_a_schema_read_before_is_not_compiled_again() -> None:
    body = {"tools": [flat(f"tool_{number}") for number in range(512)]}

    assert len(read_offer(body).tools) == 512
