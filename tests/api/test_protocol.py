"""One connection: too many, too large, too slow."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from api import protocol
from tests.fakes.server import KEY, Served, open_server

HELLO = json.dumps({"messages": [{"role": "user", "content": "Hi"}]}).encode()


async def connect(served: Served) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", served.port)


def chat_head(length: int) -> bytes:
    lines = ["POST /v1/chat/completions HTTP/1.1", "Host: localhost", "Connection: close"]
    lines += [f"Authorization: Bearer {KEY}", "Content-Type: application/json", f"Content-Length: {length}", "", ""]
    return "\r\n".join(lines).encode()


async def test_one_connection_too_many_is_told_so(tmp_path: Path) -> None:
    async with open_server(tmp_path, max_connections=2) as served:
        held = [await connect(served) for _ in range(2)]
        await asyncio.sleep(0.05)
        answer = await served.raw("GET /health/live HTTP/1.1", "Host: localhost")
        for _, writer in held:
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.05)
        after = await served.raw("GET /health/live HTTP/1.1", "Host: localhost", "Connection: close")

    assert answer.startswith(b"HTTP/1.1 503")
    assert b"too_many_connections" in answer
    assert b"retry-after" in answer.lower()
    assert after.startswith(b"HTTP/1.1 200")


async def test_a_head_that_is_too_large_is_a_431(served: Served) -> None:
    answer = await served.raw("GET /health/live HTTP/1.1", "Host: localhost", f"X-Much: {'x' * 70_000}")

    assert answer.startswith(b"HTTP/1.1 431")
    assert b'"invalid_request"' in answer
    assert b"x-request-id: req_" in answer


async def test_a_head_that_never_ends_is_a_408(tmp_path: Path) -> None:
    async with open_server(tmp_path, request_seconds=0.3) as served:
        reader, writer = await connect(served)
        writer.write(b"GET /health/live HTTP/1.1\r\n")
        answer = asyncio.create_task(reader.read())
        for _ in range(20):
            # Drops keep nothing open.
            writer.write(b"X: y\r\n")
            await asyncio.sleep(0.05)
            if answer.done():
                break
        writer.close()

    assert (await answer).startswith(b"HTTP/1.1 408")


async def test_a_connection_that_says_nothing_is_closed(tmp_path: Path) -> None:
    async with open_server(tmp_path, request_seconds=0.2) as served:
        reader, writer = await connect(served)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_a_body_that_stops_coming_ends_its_connection(tmp_path: Path) -> None:
    async with open_server(tmp_path, request_seconds=0.2) as served:
        reader, writer = await connect(served)
        writer.write(chat_head(len(HELLO)) + HELLO[:5])
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert not served.world.asked

    assert answer.startswith(b"HTTP/1.1 408")
    assert b'"invalid_request"' in answer
    assert b"x-should-retry: false" in answer


async def test_a_body_that_crawls_ends_its_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Drops keep it open for a while, but not for ever."""
    monkeypatch.setattr(protocol, "_PAUSES", 2)
    async with open_server(tmp_path, request_seconds=0.3) as served:
        reader, writer = await connect(served)
        writer.write(chat_head(1000))
        answer = asyncio.create_task(reader.read())
        for _ in range(40):
            writer.write(b" ")
            await asyncio.sleep(0.05)
            if answer.done():
                break
        writer.close()
        assert not served.world.asked

    assert (await answer).startswith(b"HTTP/1.1 408")


async def test_small_headers_are_counted_as_they_come(served: Served) -> None:
    answer = await served.raw("GET /health/live HTTP/1.1", "Host: localhost", *["a: b"] * 12_000)

    assert answer.startswith(b"HTTP/1.1 431")


async def test_a_slow_body_that_goes_on_coming_is_read(tmp_path: Path) -> None:
    async with open_server(tmp_path, request_seconds=0.4) as served:
        reader, writer = await connect(served)
        writer.write(chat_head(len(HELLO)))
        for place in range(0, len(HELLO), 10):
            await asyncio.sleep(0.12)
            writer.write(HELLO[place : place + 10])
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 200")


async def test_an_answer_may_take_longer_than_a_request(tmp_path: Path) -> None:
    async with open_server(tmp_path, request_seconds=0.1) as served:
        served.world.script.insert(1, 0.5)
        answer = await served.raw(*chat_head(len(HELLO)).decode().split("\r\n")[:-2], body=HELLO)

    assert answer.startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize("unread", [b"", HELLO[:5]])
async def test_a_refused_request_does_not_hold_its_connection(tmp_path: Path, unread: bytes) -> None:
    async with open_server(tmp_path, request_seconds=0.2) as served:
        reader, writer = await connect(served)
        writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + unread)
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()

    assert answer.startswith(b"HTTP/1.1 401")
