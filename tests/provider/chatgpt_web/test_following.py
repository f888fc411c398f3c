"""Following a research over connections that break."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest

from core.errors import AuthInvalidError, BridgeError, UpstreamUnavailableError
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.following import Following
from provider.chatgpt_web.research import Research
from provider.interface.research import ResearchHandle, ResearchUpdate
from tests.provider.chatgpt_web.connector import HANDLE, Connector, pushed, reported, result, state

WAITING = state("waiting_for_user_response_on_plan", plan={"version": 1})
RUNNING = state("researching", plan={"version": 2})


def following(
    connection: Connection, handle: ResearchHandle = HANDLE, *, offset: str = "0", poll: float = 30
) -> Following:
    research = Research(connection)
    return Following(connection, research, handle, offset=offset, poll_seconds=poll, backoff_scale=0.01)


async def until(follow: Following, phase: str) -> list[ResearchUpdate]:
    """What is told up to the phase."""
    seen: list[ResearchUpdate] = []
    async with asyncio.timeout(5), aclosing(follow.updates()) as updates:
        async for update in updates:
            seen.append(update)
            if update.state.phase == phase:
                return seen
    raise AssertionError("it never ends by itself")


def phases(updates: list[ResearchUpdate]) -> list[str]:
    return [update.state.phase for update in updates]


@pytest.mark.parametrize("wrapped", [True, False])
async def test_pushed_states_are_told_as_they_come(connector: Connector, connection: Connection, wrapped: bool) -> None:
    states = [WAITING, RUNNING, reported("# Report")]
    connector.sockets = [[pushed(told, offset=f"{at}-0" if wrapped else None) for at, told in enumerate(states, 1)]]

    seen = await until(following(connection), "completed")

    assert phases(seen) == ["waiting_plan", "running", "completed"]
    assert seen[-1].state.report == "# Report"
    assert seen[-1].offset == ("3-0" if wrapped else "0")
    assert connector.subscriptions[0]["topic_id"] == "api-tool:widget-1"


async def test_after_a_break_a_fresh_address_is_followed_from_where_it_broke(
    connector: Connector, connection: Connection
) -> None:
    connector.sockets = [[pushed(WAITING, offset="1-0")], [pushed(RUNNING, offset="2-0")], []]
    connector.catchups = [[], [], [pushed(reported("# Report"), offset="3-0")]]

    seen = await until(following(connection), "completed")

    assert phases(seen) == ["waiting_plan", "running", "completed"]
    assert [told["offset"] for told in connector.subscriptions] == ["0", "1-0", "2-0"]
    assert connector.used == ["0", "1", "2"]


async def test_it_goes_on_from_a_kept_offset(connector: Connector, connection: Connection) -> None:
    connector.sockets = [[pushed(reported("# Report"), offset="8-0")]]

    await until(following(connection, offset="7-0"), "completed")

    assert connector.subscriptions[0]["offset"] == "7-0"


async def test_repetitions_and_what_is_older_are_not_told(connector: Connector, connection: Connection) -> None:
    dated = [state("researching", last_updated_at=f"2030-01-01T00:0{at}:00Z", step=at) for at in range(3)]
    twice = pushed(RUNNING, offset="1-0")
    connector.sockets = [
        [twice, twice, pushed(WAITING), pushed(dated[2]), pushed(dated[1]), pushed(reported("# Report"), offset="2-0")]
    ]

    seen = await until(following(connection), "completed")

    assert phases(seen) == ["running", "running", "completed"]


async def test_of_what_was_missed_only_the_last_is_told(connector: Connector, connection: Connection) -> None:
    connector.catchups = [[pushed(told, offset=f"{at}-0") for at, told in enumerate((WAITING, RUNNING), 1)]]
    connector.sockets = [[pushed(reported("# Report"), offset="9-0")]]

    assert phases(await until(following(connection), "completed")) == ["running", "completed"]


async def test_a_research_of_another_widget_is_not_ours(connector: Connector, connection: Connection) -> None:
    connector.sockets = [[pushed(reported("# Theirs"), widget="widget-2"), pushed(reported("# Ours"))]]

    assert (await until(following(connection), "completed"))[-1].state.report == "# Ours"


async def test_where_history_is_lost_upstream_is_asked(connector: Connector, connection: Connection) -> None:
    answers = iter((RUNNING, reported("# Report")))
    connector.answers = lambda call: result(next(answers))
    connector.sockets = [[], []]
    connector.recovered = [True, False]

    seen = await until(following(connection), "completed")

    assert phases(seen) == ["running", "completed"]
    assert seen[-1].offset == "99-0"


async def test_a_silent_push_is_no_trouble(connector: Connector, connection: Connection) -> None:
    answers = iter((RUNNING, RUNNING, RUNNING, reported("# Report")))
    connector.answers = lambda call: result(next(answers))

    seen = await until(following(connection, poll=0.02), "completed")

    assert phases(seen) == ["running", "completed"]
    assert len(connector.subscriptions) == 1


async def test_without_the_push_upstream_is_asked(connector: Connector, connection: Connection) -> None:
    answers = iter((WAITING, RUNNING, reported("# Report")))
    connector.answers = lambda call: result(next(answers))
    connector.refuses_sockets = True

    seen = await until(following(connection, poll=0.02), "completed")

    assert phases(seen) == ["waiting_plan", "running", "completed"]


async def test_without_a_widget_there_is_no_topic_and_upstream_is_asked(
    connector: Connector, connection: Connection
) -> None:
    answers: Any = iter((500, WAITING, reported("# Report")))
    connector.document = {"mapping": {}}

    def answer(call: Any) -> Any:
        told = next(answers)
        return told if isinstance(told, int) else result(told)

    connector.answers = answer
    handle = ResearchHandle("conversation-1", "tool-1", None, "session-1")

    seen = await until(following(connection, handle, poll=0.02), "completed")

    assert phases(seen) == ["waiting_plan", "completed"]
    assert connector.tickets == []


@pytest.mark.parametrize("widget", ["widget-1", None])
async def test_what_can_be_followed_in_neither_way_is_an_error(
    connector: Connector, connection: Connection, widget: str | None
) -> None:
    connector.answers = lambda call: 500
    connector.refuses_sockets = True
    handle = ResearchHandle("conversation-1", "tool-1", widget, "session-1")

    with pytest.raises(BridgeError):
        await until(following(connection, handle, poll=0.01), "completed")


async def test_a_login_that_is_refused_ends_it_at_once(connector: Connector, connection: Connection) -> None:
    connector.answers = lambda call: 401

    with pytest.raises(AuthInvalidError):
        await until(following(connection), "completed")
    assert len(connector.calls) == 1


async def test_completion_without_its_report_is_told_only_after_asking(
    connector: Connector, connection: Connection
) -> None:
    answers = iter((RUNNING, reported("# Report")))
    connector.answers = lambda call: result(next(answers))
    connector.sockets = [[pushed(state("completed"))]]

    seen = await until(following(connection), "completed")

    assert [update.state.report for update in seen] == ["", "# Report"]


async def test_closing_the_session_ends_it(connector: Connector, connection: Connection) -> None:
    connector.answers = lambda call: result(RUNNING)
    follow = following(connection)
    updates = follow.updates()
    assert (await anext(updates)).state.phase == "running"

    waiting = asyncio.create_task(anext(updates))
    await asyncio.wait_for(connector.subscribed.wait(), 5)
    await connection.aclose()
    follow.abort()

    with pytest.raises(UpstreamUnavailableError):
        async with asyncio.timeout(5):
            await waiting
