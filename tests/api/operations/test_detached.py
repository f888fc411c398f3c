"""A run that nobody waits for never notices a client's socket, however that closes."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.contracts.operations import OperationRecord
from tests.fakes.server import KEY, Served, open_server
from tests.fakes.waiting import until

ID = "chatgptop_" + "1" * 32
HELLO = [{"role": "user", "content": "hello"}]
STARTS: dict[str, tuple[str, dict[str, Any]]] = {
    "image": ("/v1/images/generations", {"prompt": "a heron"}),
    "research": ("/v1/chatgpt/research", {"prompt": "how tall do herons get"}),
    "response": ("/v1/chat/completions", {"messages": HELLO}),
}
READS = ("", "/events", "/events?after=0", "/result")
ASYNC = {"prefer": "respond-async"}


@dataclass(frozen=True)
class Visit:
    """A connection: what it asks for, how much it reads, and how rudely it leaves."""

    read: str
    most_bytes: int
    rude: bool
    stream: bool


visit = st.builds(
    Visit, st.sampled_from(READS), st.sampled_from((0, 1, 40, 300, 4000)), rude=st.booleans(), stream=st.booleans()
)
visits = st.lists(visit, max_size=5)


async def visited(
    served: Served, method: str, path: str, body: dict[str, Any] | None, visit: Visit, **headers: str
) -> None:
    """Send one request, read no more than the visit does, and close the socket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    content = b"" if body is None else json.dumps(body).encode()
    lines = [
        f"{method} {path} HTTP/1.1",
        f"host: 127.0.0.1:{served.port}",
        f"authorization: Bearer {KEY}",
        "content-type: application/json",
        f"content-length: {len(content)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    writer.write("\r\n".join([*lines, "", ""]).encode() + content)
    await writer.drain()
    if visit.most_bytes:
        try:
            async with asyncio.timeout(0.2):
                await reader.read(visit.most_bytes)
        except TimeoutError:
            pass
    _leave(writer, rude=visit.rude)


def _leave(writer: asyncio.StreamWriter, *, rude: bool) -> None:
    if rude:
        # The other side gets a reset instead of an end.
        raw: socket.socket = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    else:
        writer.close()


async def found(served: Served) -> OperationRecord | None:
    record: OperationRecord | None = await served.bridge.operations.find(ID)
    return record


async def admitted(served: Served) -> OperationRecord:
    """The operation, as soon as it is there and was handed over."""

    async def there() -> bool:
        return await found(served) is not None and served.temporal.started == [ID]

    await until(there)
    record = await found(served)
    assert record is not None
    return record


async def _looked_at(served: Served, readers: Sequence[Visit]) -> None:
    await asyncio.gather(
        *(
            visited(
                served,
                "GET",
                f"/v1/chatgpt/operations/{ID}{visit.read}",
                None,
                visit,
                **({"accept": "text/event-stream"} if visit.stream else {}),
            )
            for visit in readers
        )
    )


@settings(max_examples=30, deadline=None)
@given(kind=st.sampled_from(sorted(STARTS)), start=visit, readers=visits)
async def test_whatever_closes_it_goes_on(kind: str, start: Visit, readers: list[Visit]) -> None:
    # A reset may overtake the request itself, which then was never made.
    assume(start.most_bytes or not start.rude)
    path, body = STARTS[kind]
    with tempfile.TemporaryDirectory() as folder:
        async with open_server(Path(folder)) as served:
            await visited(served, "POST", path, {**body, "chatgpt_operation_id": ID}, start, **ASYNC)
            before = await admitted(served)
            await _looked_at(served, readers)
            # Long enough for a connection's end to be noticed, where anybody looks.
            await asyncio.sleep(0.1)
            after = await found(served)
            assert served.temporal.cancelled == []
            assert after == before
            assert before.detached
            assert not before.cancel_requested


@pytest.mark.parametrize("rude", [False, True], ids=["closed", "reset"])
async def test_a_run_that_is_waited_for_and_may_be_ended_is_ended_by_the_same(served: Served, rude: bool) -> None:
    path, body = STARTS["image"]
    asked = {**body, "chatgpt_operation_id": ID, "chatgpt_on_disconnect": "cancel"}

    await visited(served, "POST", path, asked, Visit("", 300, rude=rude, stream=False))

    async def ended() -> bool:
        return served.temporal.cancelled == [ID]

    await admitted(served)
    await until(ended)
