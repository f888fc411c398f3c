"""The tap itself: it changes nothing, and a wrong answer does not pass it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import httpx2
import pytest

from tests.fakes.tap import Tap, tapped

MODEL = {"id": "auto", "object": "model", "created": 1, "owned_by": "someone"}


@asynccontextmanager
async def server(*pieces: bytes) -> AsyncIterator[int]:
    """One that answers every request with these bytes, a moment after one another."""
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        with suppress(asyncio.IncompleteReadError):
            while await reader.readuntil(b"\r\n\r\n"):
                for piece in pieces:
                    writer.write(piece)
                    await asyncio.sleep(0.02)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield int(listening.sockets[0].getsockname()[1])
    listening.close()
    for writer in writers:
        writer.close()
        await writer.wait_closed()


def answer(body: bytes) -> tuple[bytes, bytes]:
    """The two pieces of an answer."""
    lines = ["HTTP/1.1 200 OK", "content-type: application/json", "x-request-id: req_1", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode(), body


async def asked(tap: Tap, times: int = 1) -> list[httpx2.Response]:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return [await client.get(f"{tap.url}/models/auto", params={"n": number}) for number in range(times)]


async def test_it_passes_everything_on_and_hears_it() -> None:
    body = json.dumps(MODEL).encode()
    async with server(*answer(body)) as port, tapped(port) as tap:
        first, second = await asked(tap, 2)

        assert (first.content, second.content) == (body, body)
        assert [exchange.url for exchange in tap.heard] == ["/v1/models/auto?n=0", "/v1/models/auto?n=1"]
        assert [exchange.answer for exchange in tap.asked("GET", "/v1/models/auto")] == [body, body]
        tap.check()


@pytest.mark.parametrize("missing", ["id", "created"])
async def test_an_answer_that_a_client_would_not_take_fails(missing: str) -> None:
    body = json.dumps({name: value for name, value in MODEL.items() if name != missing}).encode()
    async with server(*answer(body)) as port, tapped(port) as tap:
        await asked(tap)

        with pytest.raises(AssertionError):
            tap.check()


async def test_what_a_client_does_not_hear_to_its_end_says_nothing() -> None:
    head, _ = answer(b"{}")
    async with server(head + b"{") as port, tapped(port) as tap:

        async def leave() -> None:
            async with httpx2.AsyncClient(trust_env=False, timeout=0.3) as client:
                await client.get(f"{tap.url}/models/auto")

        with pytest.raises(httpx2.ReadTimeout):
            await leave()
        tap.check()

        assert [exchange.whole for exchange in tap.heard] == [False]
