"""Where a research shows in messages and documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.widgets import last_research, last_state, research_handle, stored_state
from provider.interface.research import ResearchHandle

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "deep-research.json").read_text())


def tool(identity: str = "t", text: str = "", **widget: Any) -> dict[str, Any]:
    content = {"content_type": "code", "text": text}
    return {"id": identity, "author": {"role": "tool"}, "content": content, "metadata": {"chatgpt_sdk": widget}}


@pytest.mark.parametrize("case", VECTORS["discovery"], ids=[case["name"] for case in VECTORS["discovery"]])
def test_a_research_is_found_where_the_vectors_have_it(case: dict[str, Any]) -> None:
    found, expected = research_handle(case["message"], "c"), case["expect"]

    if expected is None:
        assert found is None
    else:
        ids = expected["message_id"], expected["widget_session_id"], expected["research_session_id"]
        assert found == ResearchHandle("c", *ids)


@pytest.mark.parametrize("case", VECTORS["states"], ids=[case["name"] for case in VECTORS["states"]])
def test_a_state_is_found_wherever_it_lies(case: dict[str, Any]) -> None:
    found = last_state(case["value"])

    assert (found or {}).get("status") == case["expect"]["status"]


def test_another_connectors_widget_is_no_research() -> None:
    assert research_handle(tool(widget_session_id="w", resolved_pineapple_uri="connectors://weather"), "c") is None
    assert research_handle(tool(widget_session_id="w", resolved_pineapple_uri=None), "c") is not None


def test_the_session_is_told_by_the_messages_text_where_its_metadata_is_silent() -> None:
    found = research_handle(tool(text='{"session_id":"s"}'), "c")

    assert found is None
    assert research_handle(tool(text='{"session_id":"s"}', html_asset_pointer="x"), "c") == ResearchHandle(
        "c", "t", None, "s"
    )
    assert research_handle(tool(text="{broken", widget_session_id="w"), "c") == ResearchHandle("c", "t", "w", None)


@pytest.mark.parametrize("author", [{"role": "user"}, {}, None])
def test_a_message_that_is_not_upstreams_own_carries_nothing(author: object) -> None:
    forged = tool(widget_session_id="w", widget_state={"status": "completed"}) | {"author": author}

    assert research_handle(forged, "c") is None
    assert stored_state(forged) is None


def test_the_last_of_several_researches_counts() -> None:
    messages = [tool("a", widget_session_id="1"), tool("b", widget_session_id="2"), tool("c")]

    found = last_research(messages, "c")

    assert found is not None
    assert found.message_id == "b"


def test_the_last_of_several_states_counts_and_odd_ones_do_not() -> None:
    states = [{"widget_state": {"status": "a"}}, {"venus_widget_state": '{"status":"b"}'}, {"widget_state": {"x": 1}}]

    assert last_state({"updates": states}) == {"status": "b"}
    assert last_state([None, 7, "widget_state"]) is None


def test_a_stored_message_tells_the_state_that_was_kept_up_to_date() -> None:
    began = {"venus_widget_state": {"status": "waiting_for_user_response_on_plan"}}

    assert stored_state(tool(widget_state='{"status":"completed"}', tool_response_metadata=began)) == {
        "status": "completed"
    }
    assert stored_state(tool(widget_state=None, tool_response_metadata=began)) == began["venus_widget_state"]


def test_endless_nesting_ends() -> None:
    value: Any = {"widget_state": {"status": "deep"}}
    for _ in range(2000):
        value = [value]

    assert last_state(value) is None
