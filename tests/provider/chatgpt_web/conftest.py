"""A simulator over real sockets and a session of its account."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from core import ids
from provider.chatgpt_web.adapter import ChatGPTWeb, WebSession
from provider.chatgpt_web.connection import Connection
from provider.interface.turns import TurnEvent, TurnFinished, TurnMessage, TurnRequest
from provider.simulator import Simulator, SimulatorConfig, start
from tests.provider.chatgpt_web.connector import Connector


def asked(text: str, *, image: bool = False, temporary: bool = False, answers: tuple[str, ...] = ()) -> TurnRequest:
    """A turn's request."""
    earlier = tuple(TurnMessage("assistant", answer) for answer in answers)
    return TurnRequest(
        messages=(*earlier, TurnMessage("user", text)),
        message_id=ids.message_id(),
        kind="image" if image else "chat",
        temporary=temporary,
    )


async def events_of(session: WebSession, request: TurnRequest) -> list[TurnEvent]:
    """All events of a turn that is read to its end."""
    async with session.turn(request, on_close="stop") as turn:
        return [event async for event in turn]


async def finished(session: WebSession, text: str) -> TurnFinished:
    """How a chat ended."""
    end = (await events_of(session, asked(text)))[-1]
    assert isinstance(end, TurnFinished)
    return end


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    upstream = await start(SimulatorConfig(accounts=("plus",), image_seconds=0.2))
    yield upstream
    await upstream.aclose()


@pytest.fixture
def provider(simulator: Simulator) -> ChatGPTWeb:
    return ChatGPTWeb(simulator.url, idle_seconds=1, backoff_scale=0.02)


@pytest.fixture
async def session(simulator: Simulator, provider: ChatGPTWeb) -> AsyncIterator[WebSession]:
    opened = provider.open("plus", simulator.captures()["plus"])
    yield opened
    await opened.aclose()


@pytest.fixture
async def connector() -> AsyncIterator[Connector]:
    """A scripted upstream that listens."""
    upstream = Connector()
    runner = web.AppRunner(upstream.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    upstream.url = f"http://{host}:{port}"
    yield upstream
    await runner.cleanup()


@pytest.fixture
async def connection(connector: Connector) -> AsyncIterator[Connection]:
    opened = connector.connection()
    yield opened
    await opened.aclose()
