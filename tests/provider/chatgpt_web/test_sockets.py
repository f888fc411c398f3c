"""Turns that go on at a WebSocket topic, when the way to it is troubled."""

from __future__ import annotations

import asyncio
import logging
import time

import pytest

from core.errors import BrowserCheckRequiredError, StreamInterruptedError, UpstreamTimeoutError
from provider.chatgpt_web.adapter import WebSession
from provider.interface.turns import TextDelta, TurnFinished
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of, finished

SOCKET = "*/celsius/ws/user"
QUESTION = "Tell me about herons"


def calls(simulator: Simulator, route: str) -> int:
    return sum(call.route.endswith(route) for call in simulator.ledger.requests)


async def test_a_new_address_is_fetched_for_every_connection(simulator: Simulator, session: WebSession) -> None:
    await finished(session, f"[sim:handoff,ws_drop=3] {QUESTION}")

    assert calls(simulator, "celsius/ws/user") == 2


async def test_repetitions_show_nothing_twice(session: WebSession) -> None:
    plain = (await finished(session, QUESTION)).text

    events = await events_of(session, asked(f"[sim:handoff,duplicates,ws_drop=4] {QUESTION}"))

    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == plain


@pytest.mark.parametrize("refusal", ["server_error", "unauthorized"])
async def test_a_topic_out_of_reach_is_read_from_what_is_stored(
    simulator: Simulator, session: WebSession, refusal: str
) -> None:
    plain = (await finished(session, QUESTION)).text
    simulator.add_rule(path=SOCKET, refusal=refusal, times=0)

    events = await events_of(session, asked(f"[sim:handoff] {QUESTION}"))

    assert isinstance(events[-1], TurnFinished)
    assert events[-1].text == plain
    assert calls(simulator, "celsius/ws/user") == (5 if refusal == "server_error" else 1)


async def test_what_is_stored_nowhere_is_interrupted(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(path=SOCKET, refusal="server_error", times=0)

    with pytest.raises(StreamInterruptedError) as caught:
        await events_of(session, asked(f"[sim:handoff] {QUESTION}", temporary=True))

    assert caught.value.spent


async def test_a_browser_check_on_the_way_to_the_topic_ends_every_call(
    simulator: Simulator, session: WebSession
) -> None:
    simulator.add_rule(path=SOCKET, refusal="challenge", times=0)

    with pytest.raises(BrowserCheckRequiredError) as caught:
        await events_of(session, asked(f"[sim:handoff] {QUESTION}"))
    await asyncio.sleep(0.1)

    assert caught.value.spent
    assert not simulator.ledger.stops
    assert calls(simulator, "/conversation/{id}") == 0
    assert calls(simulator, "celsius/ws/user") == 1


async def test_a_silent_topic_times_out(session: WebSession) -> None:
    began = time.monotonic()

    with pytest.raises(UpstreamTimeoutError) as caught:
        await events_of(session, asked(f"[sim:handoff,slow=20] {QUESTION}"))

    assert caught.value.spent
    assert 0.9 < time.monotonic() - began < 4


async def test_a_topic_that_is_left_is_stopped_and_closed(simulator: Simulator, session: WebSession) -> None:
    async with session.turn(asked("[sim:handoff,pace=100,deltas=50] long"), on_close="stop") as turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break

    assert simulator.ledger.stops


async def test_a_redirect_is_not_followed_past_the_check_of_the_host(simulator: Simulator, session: WebSession) -> None:
    visits: list[bytes] = []

    async def note(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(await reader.read(1000))
        writer.close()

    elsewhere = await asyncio.start_server(note, "127.0.0.1", 0)
    port = elsewhere.sockets[0].getsockname()[1]
    simulator.add_rule(path="/p0/ws/user/*", status=302, headers={"location": f"ws://127.0.0.1:{port}/p0"})

    end = await finished(session, f"[sim:handoff] {QUESTION}")
    elsewhere.close()
    await elsewhere.wait_closed()

    assert end.finish_reason == "stop"
    assert visits == []
    assert calls(simulator, "celsius/ws/user") == 2


async def test_the_credential_of_the_address_is_not_logged(
    session: WebSession, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    await finished(session, f"[sim:handoff] {QUESTION}")

    assert "verify=" not in caplog.text
