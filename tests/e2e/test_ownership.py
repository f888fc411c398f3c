"""Who owns a run: what goes on, and what ends, when the client's socket closes."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest

from tests.e2e.calls import ASYNC, CHAT, IMAGES, OPERATIONS, chat, reaches
from tests.e2e.stack import KEY, Stack
from tests.fakes.upstream import png
from tests.fakes.waiting import until

EDITS = "/v1/images/edits"
VISION = "/v1/chatgpt/vision"
PICTURE = f"data:image/png;base64,{base64.b64encode(png()).decode()}"


@asynccontextmanager
async def socket_of(
    stack: Stack, path: str, body: Mapping[str, Any], **headers: str
) -> AsyncIterator[asyncio.StreamReader]:
    """A request on a socket of its own, which is closed when the block is left, whatever was answered by then."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stack.api_port)
    content = json.dumps(body).encode()
    lines = {
        "host": f"127.0.0.1:{stack.api_port}",
        "authorization": f"Bearer {KEY}",
        "content-type": "application/json",
        "content-length": str(len(content)),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writer.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + content)
    await writer.drain()
    try:
        yield reader
    finally:
        writer.close()
        await writer.wait_closed()


def submitted(stack: Stack) -> int:
    """How many turns upstream has accepted."""
    return len(stack.simulator.ledger.submissions)


async def sent(stack: Stack, turns: int = 1, seconds: float = 30) -> None:
    """Wait until upstream has accepted so many turns."""

    async def there() -> bool:
        return submitted(stack) >= turns

    await until(there, seconds=seconds)


async def stopped(stack: Stack, since: float, seconds: float = 2) -> None:
    """Upstream is told to stop in time, and once."""
    while not stack.simulator.ledger.stops:
        assert time.monotonic() - since < seconds, "upstream was never told to stop"
        await asyncio.sleep(0.02)
    assert stack.simulator.ledger.stops[0].at - since < seconds
    await asyncio.sleep(0.3)
    assert len(stack.simulator.ledger.stops) == 1


async def listed(client: httpx2.AsyncClient, kind: str) -> dict[str, Any]:
    """The only operation of a kind."""
    (found,) = (await client.get(OPERATIONS, params={"kind": kind})).json()["data"]
    return dict(found)


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_a_chat_ends_with_its_connection(stack: Stack, streamed: bool) -> None:
    await stack.start_api()

    async with socket_of(stack, CHAT, chat("[sim:pace=200,deltas=100] a story", stream=streamed)) as reader:
        await sent(stack)
        if streamed:
            await reader.readuntil(b'"content":"')
        await asyncio.sleep(0.3)

    await stopped(stack, time.monotonic())


async def test_a_keyed_chat_ends_with_the_last_connection_that_joined_it(stack: Stack) -> None:
    await stack.start_api()
    body, key = chat("[sim:pace=200,deltas=100] a story"), {"idempotency-key": "one"}

    async with socket_of(stack, CHAT, {**body, "stream": True}, **key) as second:
        await sent(stack)
        async with socket_of(stack, CHAT, body, **key):
            await second.readuntil(b'"content":"')
            await asyncio.sleep(0.3)
        for _ in range(12):
            await second.readuntil(b"data: ")
        assert not stack.simulator.ledger.stops
        assert submitted(stack) == 1

    await stopped(stack, time.monotonic())


async def test_a_keyed_chat_outlives_the_connection_that_began_it(stack: Stack) -> None:
    await stack.start_api()
    body, key = chat("[sim:pace=100,deltas=20] a story", stream=True), {"idempotency-key": "one"}

    async with stack.client() as client:
        async with socket_of(stack, CHAT, body, **key) as first:
            await first.readuntil(b'"content":"')
            joined = asyncio.create_task(client.post(CHAT, json=body, headers=key))
            await asyncio.sleep(0.3)
        answer = await joined
        again = await client.post(CHAT, json={**body, "stream": False}, headers=key)

    pieces = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: {")]
    text = "".join(piece["choices"][0]["delta"].get("content", "") for piece in pieces)
    assert again.json()["choices"][0]["message"]["content"] == text.strip() != ""
    assert submitted(stack) == 1
    assert not stack.simulator.ledger.stops


WAITING = {
    "image": (IMAGES, {"prompt": "[sim:seconds=2] a heron"}),
    "edit": (EDITS, {"prompt": "[sim:seconds=2] a hat", "image": PICTURE}),
    "vision": (VISION, {"prompt": "[sim:slow=2] a sign", "image": PICTURE, "mode": "custom"}),
}


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_an_operation_outlives_its_connection_and_a_retry_finds_it(stack: Stack) -> None:
    await stack.start()

    async with stack.client() as client:
        for turn, (kind, (path, body)) in enumerate(WAITING.items(), start=1):
            async with socket_of(stack, path, body):
                await sent(stack, turn)
                await asyncio.sleep(0.3)
            await asyncio.sleep(0.5)
            answer = await client.post(path, json=body, headers={"x-stainless-retry-count": "1"})
            found = await listed(client, kind)
            assert answer.status_code == 200, answer.text
            assert answer.headers["x-chatgpt-operation-id"] == found["id"]
            assert (found["state"], submitted(stack)) == ("completed", turn)
    assert not stack.simulator.ledger.stops


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_what_nobody_waits_for_goes_on_by_itself(stack: Stack) -> None:
    await stack.start()
    asked = {
        "image": (IMAGES, {"prompt": "[sim:seconds=2] a heron"}),
        "response": (CHAT, chat("[sim:slow=2] a background")),
    }

    async with stack.client() as client:
        for kind, (path, body) in asked.items():
            async with socket_of(stack, path, body, **ASYNC) as reader:
                assert b" 202 " in await reader.readline()
            found = await listed(client, kind)
            await reaches(client, found["id"], "completed")
    assert not stack.simulator.ledger.stops


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_an_operation_that_is_to_end_with_its_connection_is_cancelled(stack: Stack) -> None:
    await stack.start()
    body = {"prompt": "[sim:image=never] a heron", "chatgpt_on_disconnect": "cancel"}

    async with stack.client() as client:
        async with socket_of(stack, IMAGES, body):
            await sent(stack)
            found = await listed(client, "image")
            await reaches(client, found["id"], "running")
        left = time.monotonic()
        await stopped(stack, left)
        await reaches(client, found["id"], "cancelled")


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_a_killed_servers_key_is_held_until_its_process_counts_as_dead(stack: Stack) -> None:
    api = await stack.start_api()
    body, key = chat("[sim:hold] a story"), {"idempotency-key": "one"}

    async with socket_of(stack, CHAT, body, **key):
        await sent(stack)
        await api.kill()
    await stack.start_api()
    stack.simulator.release()
    async with stack.client() as client:
        early = await client.post(CHAT, json=body, headers=key)
        assert (early.status_code, early.json()["error"]["code"]) == (409, "idempotency_in_progress")
