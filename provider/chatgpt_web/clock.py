"""The clocks of a running turn: semantic idle and wall, with one timer and no task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from provider.chatgpt_web.errors import Symptom


class TurnClock:
    """Calls `expire` once, when the turn has been idle or has gone on for too long. `touch` is an assignment."""

    def __init__(self, *, idle_seconds: float, wall_seconds: float, expire: Callable[[Symptom], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._idle = idle_seconds
        self._ends = self._loop.time() + wall_seconds
        self._touched = self._loop.time()
        self._expire = expire
        self._timer: asyncio.TimerHandle | None = None
        self._arm()

    @property
    def remaining(self) -> float:
        """Seconds until it expires if nothing more comes."""
        return max(0.0, min(self._touched + self._idle, self._ends) - self._loop.time())

    def touch(self) -> None:
        """Something came that is more than a keep-alive."""
        self._touched = self._loop.time()

    def stop(self) -> None:
        """Never expire."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self._timer = self._loop.call_at(min(self._touched + self._idle, self._ends), self._look)

    def _look(self) -> None:
        now = self._loop.time()
        if now >= self._ends:
            self._expire("wall")
        elif now >= self._touched + self._idle:
            self._expire("idle")
        else:
            self._arm()
