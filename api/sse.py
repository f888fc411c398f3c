"""Server-sent events: one stream, written as fast as its client reads."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from pydantic_core import PydanticSerializationError, to_json
from starlette.types import Send

PING = b": ping\n\n"

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


_MOST_HELD_BYTES = 16 * 1024

_LINE_ENDS = {b"\xc2\x85": b"\\u0085", b"\xe2\x80\xa8": b"\\u2028", b"\xe2\x80\xa9": b"\\u2029"}
"""Ends of lines to Unicode and to many clients, though not to the event stream: escaped, so that no event is cut."""


def event_json(told: object) -> bytes:
    """Something as the JSON of one event's line, in UTF-8 and without any end of a line."""
    try:
        content = to_json(told)
    except PydanticSerializationError:
        # Half of a character, whose other half comes with the next piece: only escapes can carry it.
        return json.dumps(told, separators=(",", ":")).encode()
    if not content.isascii():
        for end, escape in _LINE_ENDS.items():
            content = content.replace(end, escape)
    return content


class EventStream:
    """One answer of events. What is written within one turn of the event loop leaves as one piece, because every piece
    costs a system call; a writer that is ahead of its client waits.

    Attributes:
        opened: the headers have gone, with status 200.
        ended: the last event has gone, or is about to.
    """

    def __init__(self, send: Send, *, ping_seconds: float) -> None:
        self._send = send
        self._ping = ping_seconds
        self._clock = asyncio.get_running_loop().time
        self._last = self._clock()
        self._held: list[bytes] = []
        self._size = 0
        self._flushing: asyncio.Task[None] | None = None
        self._flushing_now = False
        self.ended = False
        self.opened = False

    async def open(self, headers: Mapping[str, str]) -> None:
        """Send status 200 and the headers."""
        self.opened = True
        lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS + lines})

    async def write(self, events: bytes) -> None:
        """Send complete events; returns at once while the client keeps up."""
        self._held.append(events)
        self._size += len(events)
        if self._flushing is None:
            self._flushing = asyncio.get_running_loop().create_task(self._flush(), name="stream-flush")
        elif self._size > _MOST_HELD_BYTES:
            await asyncio.shield(self._flushing)

    async def flush(self) -> None:
        """Have sent what was written."""
        if self._flushing is not None:
            await asyncio.shield(self._flushing)

    async def end(self, events: bytes) -> None:
        """Send the last events and end the answer."""
        self.ended = True
        if self._flushing is not None and self._flushing_now:
            await asyncio.shield(self._flushing)
        await self._send({"type": "http.response.body", "body": self._taken() + events, "more_body": False})

    async def _flush(self) -> None:
        while self._held and not self.ended:
            self._flushing_now = True
            await self._send({"type": "http.response.body", "body": self._taken(), "more_body": True})
            self._flushing_now = False
            self._last = self._clock()
        self._flushing = None

    def _taken(self) -> bytes:
        held, self._held, self._size = self._held, [], 0
        return b"".join(held)

    def due(self) -> float:
        """When the silence has lasted long enough for a ping."""
        return self._last + self._ping

    async def beat(self) -> None:
        """Send a comment, which clients pass over, after a silence."""
        if self.opened and not self.ended and self._clock() >= self.due():
            await self.write(PING)
        elif not self.opened:
            self._last = self._clock()
