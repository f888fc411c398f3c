"""When a stream begins: with its first event, or some seconds after upstream accepted the turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from api.sse import EventStream


class Opening:
    """Begins a stream once. Until it has begun, an error can be an ordinary answer with its status.

    Args:
        first: makes what the stream begins with.
        headers: makes its headers at that moment.
        patience_seconds: how long it waits for something to say.
    """

    def __init__(
        self,
        events: EventStream,
        first: Callable[[], bytes],
        headers: Callable[[], Mapping[str, str]],
        *,
        patience_seconds: float,
    ) -> None:
        self._events = events
        self._first = first
        self._headers = headers
        self._patience = patience_seconds
        self._lock = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """The client has the headers, or is about to."""
        return self._events.opened or self._lock.locked()

    @property
    def under_way(self) -> bool:
        """It is just beginning."""
        return self._lock.locked()

    def soon(self) -> None:
        """Begin when the patience is over; called again, that counts anew."""
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._begin_late)

    async def now(self) -> None:
        """Have it begun."""
        self._stop_timer()
        async with self._lock:
            if not self._events.opened:
                await self._events.open(self._headers())
                await self._events.write(self._first())

    def close(self) -> None:
        """Nothing begins by itself any more."""
        self._stop_timer()
        if self._late is not None:
            self._late.cancel()

    def _begin_late(self) -> None:
        self._late = asyncio.create_task(self.now(), name="stream-begin")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
