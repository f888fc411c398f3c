"""A research from its turn to its report, through a session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core import ids
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.interface.research import ResearchHandle, ResearchUpdate
from provider.interface.turns import QuotaTold, ResearchStarted, TurnFinished, TurnMessage, TurnRequest
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import events_of
from tests.provider.chatgpt_web.connector import HANDLE, Connector, pushed, reported, result, state

STREAM = (Path(__file__).parents[2] / "vectors" / "sse-deep-research-start.txt").read_bytes()
IDS = {
    "c0ffee00-0000-4000-8000-000000000001": HANDLE.conversation_id,
    "tool-17": HANDLE.message_id,
    "d0d0cafe-0000-4000-8000-000000000017": str(HANDLE.widget_session_id),
    "5e551000-0000-4000-8000-000000000017": str(HANDLE.session_id),
}


@pytest.fixture
async def researcher(simulator: Simulator, connector: Connector) -> AsyncIterator[WebSession]:
    capture = simulator.captures()["plus"].replace(simulator.url, connector.url)
    provider = ChatGPTWeb(connector.url, idle_seconds=5, backoff_scale=0.01, poll_seconds=30)
    opened = provider.open("plus", capture)
    yield opened
    await opened.aclose()


async def test_a_research_goes_from_its_turn_to_its_report(connector: Connector, researcher: WebSession) -> None:
    stream = STREAM.decode()
    for shown, ours in IDS.items():
        stream = stream.replace(shown, ours)
    connector.stream = stream.encode()
    connector.answers = lambda call: result(state("researching"))
    connector.sockets = [[pushed(reported("# Report"), offset="5-0")]]
    request = TurnRequest(
        (TurnMessage("user", "survey fictional widgets"),), ids.message_id(), kind="research", temporary=True
    )

    events = await events_of(researcher, request)
    handle = next(event.handle for event in events if isinstance(event, ResearchStarted))
    assert (await researcher.approve_plan(handle))["status"] == "researching"
    updates = [update async for update in first(researcher, handle, 2)]

    assert handle == HANDLE
    assert isinstance(events[-1], TurnFinished)
    assert next(event.remaining["deep_research"] for event in events if isinstance(event, QuotaTold)) == 5
    assert [update.state.phase for update in updates] == ["running", "completed"]
    assert (updates[-1].state.report, updates[-1].offset) == ("# Report", "5-0")
    assert (await researcher.research_state(handle)).phase == "running"
    assert (await researcher.stop_research(handle))["isError"] is False
    assert (await researcher.edit_plan(handle, "shorter"))["isError"] is False
    assert [call["tool_input"] for call in connector.calls if call.get("tool_name") == "steer"] == [
        {"session_id": HANDLE.session_id, "message": "shorter"}
    ]


async def first(session: WebSession, handle: ResearchHandle, count: int) -> AsyncIterator[ResearchUpdate]:
    """So many updates."""
    seen = 0
    async with asyncio.timeout(5):
        async for update in session.watch_research(handle, offset="0"):
            yield update
            seen += 1
            if seen == count:
                return


async def test_a_turn_that_was_cut_finds_its_research_in_the_conversation(
    connector: Connector, researcher: WebSession
) -> None:
    request = TurnRequest((TurnMessage("user", "survey"),), ids.message_id(), kind="research")
    widget = {"widget_session_id": HANDLE.widget_session_id}
    message = {"id": HANDLE.message_id, "author": {"role": "tool"}, "metadata": {"chatgpt_sdk": widget}}
    asked = {"id": request.message_id, "author": {"role": "user"}}
    connector.document = {
        "conversation_id": HANDLE.conversation_id,
        "current_node": "b",
        "mapping": {
            "a": {"parent": None, "children": ["b"], "message": asked},
            "b": {"parent": "a", "children": [], "message": message},
        },
    }
    token = '{"type":"resume_conversation_token","token":"t","conversation_id":"conversation-1"}'
    connector.stream = f"data: {token}\n\n".encode()

    events = await events_of(researcher, request)

    found = ResearchHandle("conversation-1", "tool-1", "widget-1", None)
    assert [event.handle for event in events if isinstance(event, ResearchStarted)] == [found]
    assert isinstance(events[-1], TurnFinished)
    assert await researcher.find_research("conversation-1", message_id=request.message_id) == found
