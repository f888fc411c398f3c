"""Server-sent events: one stream, written as fast as its client reads."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Send

PING = b": ping\n\n"

_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache, no-transform"),
    (b"x-accel-buffering", b"no"),
]


class EventStream:
    """One answer of events. Every write waits until the socket takes it.

    Attributes:
        opened: the headers have gone, with status 200.
        ended: the last event has gone, or is about to.
    """

    def __init__(self, send: Send, *, ping_seconds: float) -> None:
        self._send = send
        self._ping = ping_seconds
        self._clock = asyncio.get_running_loop().time
        self._last = self._clock()
        self.ended = False
        self.opened = False

    async def open(self, headers: Mapping[str, str]) -> None:
        """Send status 200 and the headers."""
        self.opened = True
        lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": 200, "headers": _HEADERS + lines})

    async def write(self, events: bytes) -> None:
        """Send complete events."""
        await self._send({"type": "http.response.body", "body": events, "more_body": True})
        self._last = self._clock()

    async def end(self, events: bytes) -> None:
        """Send the last events and end the answer."""
        self.ended = True
        await self._send({"type": "http.response.body", "body": events, "more_body": False})

    def due(self) -> float:
        """When the silence has lasted long enough for a ping."""
        return self._last + self._ping

    async def beat(self) -> None:
        """Send a comment, which clients pass over, after a silence."""
        if self.opened and not self.ended and self._clock() >= self.due():
            await self.write(PING)
        elif not self.opened:
            self._last = self._clock()
