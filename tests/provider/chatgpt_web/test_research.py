"""What is asked of the research connector."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.errors import BridgeError, ConversationNotFoundError, ProtocolError, RateLimitedError, UpstreamError
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.research import Research
from provider.interface.research import ResearchHandle
from tests.provider.chatgpt_web.connector import HANDLE, REFUSED, Connector, Said, reported, result, state

BODIES = json.loads((Path(__file__).parents[2] / "vectors" / "deep-research.json").read_text())["call_mcp"]["flat"]


def by_session(good: str, said: Said, otherwise: Said | int = REFUSED) -> Any:
    return lambda call: said if call["tool_input"]["session_id"] == good else otherwise


def stored(widget_state: Said | None) -> Said:
    widget = {"widget_session_id": "widget-1", "widget_state": widget_state}
    asked = {"id": "u", "author": {"role": "user"}, "content": {"content_type": "text", "parts": ["?"]}}
    told = {"id": "tool-1", "author": {"role": "tool"}, "content": {}, "metadata": {"chatgpt_sdk": widget}}
    mapping = {
        "u": {"parent": None, "children": ["tool-1"], "message": asked},
        "tool-1": {"parent": "u", "children": [], "message": told},
    }
    return {"conversation_id": "conversation-1", "current_node": "tool-1", "mapping": mapping}


async def test_bodies_are_those_of_the_vectors(connector: Connector, connection: Connection) -> None:
    expected = BODIES["get_state"]
    handle = ResearchHandle(
        expected["conversation_id"], expected["message_id"], "w", expected["tool_input"]["session_id"]
    )
    connector.answers = lambda call: result(state("researching"))
    research = Research(connection)

    await research.state(handle)
    await research.approve(handle)
    await research.stop(handle)
    await research.edit(handle, "less of it")

    session = expected["tool_input"]["session_id"]
    steer = expected | {"tool_name": "steer", "tool_input": {"session_id": session, "message": "less of it"}}
    assert connector.calls == [expected, BODIES["skip_sleep"], BODIES["stop"], steer]


@pytest.mark.parametrize("refusal", [REFUSED, 400, 403, 404, 422])
async def test_the_other_session_id_is_tried_and_the_one_that_worked_remembered(
    connector: Connector, connection: Connection, refusal: Said | int
) -> None:
    connector.answers = by_session("widget-1", result(state("researching")), refusal)
    research = Research(connection)

    await research.approve(HANDLE)
    await research.approve(HANDLE)

    assert [call["tool_input"]["session_id"] for call in connector.calls] == ["session-1", "widget-1", "widget-1"]


@pytest.mark.parametrize(("status", "error"), [(429, RateLimitedError), (500, UpstreamError)])
async def test_a_refusal_that_is_not_the_ids_is_told_at_once(
    connector: Connector, connection: Connection, status: int, error: type[BridgeError]
) -> None:
    connector.answers = lambda call: status

    with pytest.raises(error):
        await Research(connection).approve(HANDLE)

    assert len(connector.calls) == 1


async def test_a_connector_that_refuses_both_ids_has_refused(connector: Connector, connection: Connection) -> None:
    connector.answers = lambda call: REFUSED
    research = Research(connection)

    with pytest.raises(UpstreamError) as caught:
        await research.edit(HANDLE, "more")
    assert caught.value.upstream_text == "unknown session"
    assert await research.stop(HANDLE) == {"isError": True, "text": "unknown session", "status": None}


async def test_what_it_said_holds_neither_report_nor_address(connector: Connector, connection: Connection) -> None:
    told = result(reported("# long"), text="stopped") | {"structuredContent": {"websocket_url": "wss://x?verify=1"}}
    connector.answers = lambda call: told

    assert await Research(connection).stop(HANDLE) == {"isError": False, "text": "stopped", "status": "completed"}


@pytest.mark.parametrize("answer", [500, 404, REFUSED, result()])
async def test_where_the_connector_tells_nothing_the_conversation_does(
    connector: Connector, connection: Connection, answer: Said | int
) -> None:
    connector.answers = lambda call: answer
    connector.document = stored(reported("# Report"))

    assert (await Research(connection).state(HANDLE)).report == "# Report"


async def test_a_completed_state_without_its_report_is_looked_up_once_more(
    connector: Connector, connection: Connection
) -> None:
    connector.answers = lambda call: result(state("completed"))
    connector.document = stored(reported("# Report"))
    assert (await Research(connection).state(HANDLE)).report == "# Report"

    connector.document = stored(state("researching"))
    there_is_none = await Research(connection).state(HANDLE)
    assert (there_is_none.phase, there_is_none.report) == ("completed", "")


async def test_a_research_that_tells_no_state_runs(connector: Connector, connection: Connection) -> None:
    connector.document = stored(None)

    assert (await Research(connection).state(HANDLE)).phase == "running"


async def test_a_state_that_can_be_had_in_neither_way_is_an_error(connector: Connector, connection: Connection) -> None:
    connector.answers = lambda call: 500

    with pytest.raises(ConversationNotFoundError):
        await Research(connection).state(HANDLE)


async def test_a_limit_is_not_answered_by_more_questions(connector: Connector, connection: Connection) -> None:
    connector.answers = lambda call: 429
    connector.document = stored(reported("# Report"))

    with pytest.raises(RateLimitedError):
        await Research(connection).state(HANDLE)


async def test_a_research_is_found_in_its_conversation(connector: Connector, connection: Connection) -> None:
    connector.document = stored(None)
    research = Research(connection)

    assert await research.find("conversation-1", "u") == ResearchHandle("conversation-1", "tool-1", "widget-1", None)
    assert await research.find("conversation-1", "another") is None


async def test_without_any_id_nothing_can_be_asked(connector: Connector, connection: Connection) -> None:
    with pytest.raises(ProtocolError):
        await Research(connection).approve(ResearchHandle("conversation-1", "tool-1"))
    assert connector.calls == []
