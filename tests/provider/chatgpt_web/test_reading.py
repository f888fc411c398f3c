"""Turns that end before they are finished: what is read of them afterwards, and what upstream is told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from core.errors import StreamInterruptedError
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.interface.turns import OnClose, TextDelta, TurnFinished
from provider.simulator import Simulator
from tests.provider.chatgpt_web.conftest import asked, events_of, finished

QUESTION = "Tell me about herons"


@pytest.fixture
async def counted(simulator: Simulator) -> AsyncIterator[tuple[WebSession, list[int]]]:
    """A session that reaches the simulator through a relay, and the connections that the relay took."""
    connections: list[int] = []
    pumps: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        upstream_reader, upstream_writer = await asyncio.open_connection("127.0.0.1", simulator.port)
        for one, other in ((reader, upstream_writer), (upstream_reader, writer)):
            pumps.add(asyncio.create_task(pump(one, other)))

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    opened = ChatGPTWeb(url).open("plus", simulator.captures()["plus"].replace(simulator.url, url))
    yield opened, connections
    await opened.aclose()
    server.close()
    await server.wait_closed()
    await asyncio.gather(*pumps, return_exceptions=True)


async def test_a_turn_that_is_left_at_its_end_gives_its_connection_back(
    counted: tuple[WebSession, list[int]],
) -> None:
    session, connections = counted

    async def ask() -> None:
        async with session.turn(asked(f"[sim:pace=2] {QUESTION}"), on_close="stop") as turn:
            async for event in turn:
                if isinstance(event, TurnFinished):
                    return

    for _ in range(8):
        await ask()
        await asyncio.sleep(0.05)

    assert len(connections) <= 4


async def stopped(simulator: Simulator) -> None:
    for _ in range(200):
        if simulator.ledger.stops:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("upstream was never told to stop")


@pytest.mark.parametrize("way", ["cut", "reset,pace=2"])
async def test_a_broken_stream_goes_on_from_what_is_stored(session: WebSession, way: str) -> None:
    plain = (await finished(session, QUESTION)).text

    events = await events_of(session, asked(f"[sim:{way}] {QUESTION}"))

    assert isinstance(events[-1], TurnFinished)
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == plain


async def test_a_broken_temporary_chat_is_looked_for_nowhere(simulator: Simulator, session: WebSession) -> None:
    with pytest.raises(StreamInterruptedError) as caught:
        await events_of(session, asked(f"[sim:cut] {QUESTION}", temporary=True))

    assert caught.value.spent
    assert "/backend-api/conversation/{id}" not in [call.route for call in simulator.ledger.requests]


async def test_a_broken_picture_is_looked_for_also_where_a_temporary_chat_was_wished(
    simulator: Simulator, session: WebSession
) -> None:
    request = asked("[sim:image=inline,pixels=64,seconds=0,cut] a heron", image=True, temporary=True)

    end = (await events_of(session, request))[-1]

    assert isinstance(end, TurnFinished)
    assert len(end.assets) == 1
    assert simulator.ledger.counts["submissions"] == 1


@pytest.mark.parametrize(("on_close", "stops"), [("stop", 1), ("leave", 0)])
async def test_a_chat_that_was_lost_sight_of_is_stopped(
    simulator: Simulator, session: WebSession, on_close: OnClose, stops: int
) -> None:
    async def read() -> None:
        async with session.turn(asked("[sim:cut=8,pace=50,deltas=100] long"), on_close=on_close) as turn:
            async for _ in turn:
                pass

    with pytest.raises(StreamInterruptedError):
        await read()

    await asyncio.sleep(0.1)
    assert len(simulator.ledger.stops) == stops


async def test_a_stop_that_breaks_off_is_said_again(simulator: Simulator, session: WebSession) -> None:
    simulator.add_rule(path="*/stop_conversation", drop="before")

    async with session.turn(asked("[sim:pace=50,deltas=100] long"), on_close="stop") as turn:
        async for event in turn:
            if isinstance(event, TextDelta):
                break

    await stopped(simulator)


async def test_nothing_is_looked_for_once_the_session_is_closed(simulator: Simulator) -> None:
    session = ChatGPTWeb(simulator.url, idle_seconds=5).open("plus", simulator.captures()["plus"])
    begun = asyncio.Event()

    async def read() -> None:
        async with session.turn(asked("[sim:pace=50,deltas=200] long"), on_close="leave") as turn:
            async for event in turn:
                if isinstance(event, TextDelta):
                    begun.set()

    reading = asyncio.create_task(read())
    await asyncio.wait_for(begun.wait(), 5)
    await session.aclose()

    closed = time.monotonic()
    with pytest.raises(StreamInterruptedError):
        await reading
    assert time.monotonic() - closed < 1


async def test_an_answer_that_comes_as_its_caller_leaves_is_closed(
    session: WebSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, answers = session.connection.post_turn, []

    async def posted(*given: Any) -> Any:
        answers.append(await post(*given))
        entering.cancel()
        return answers[0]

    monkeypatch.setattr(session.connection, "post_turn", posted)

    async def enter() -> None:
        async with session.turn(asked("[sim:pace=50,deltas=100] long"), on_close="leave"):
            raise AssertionError("it was left before")

    entering = asyncio.create_task(enter())
    with pytest.raises(asyncio.CancelledError):
        await entering

    assert answers[0].closed
