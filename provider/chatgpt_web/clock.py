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
        self._soon = float("inf")
        self._touched = self._loop.time()
        self._expire = expire
        self._held = False
        self._timer: asyncio.TimerHandle | None = None
        self._arm()

    def touch(self) -> None:
        """Something came that is more than a keep-alive."""
        self._touched = self._loop.time()

    def hold(self) -> None:
        """The reader takes its time: upstream is not read meanwhile, so its silence says nothing."""
        self._held = True

    def release(self) -> None:
        """Upstream is read again."""
        self._held = False
        self.touch()

    def hasten(self, seconds: float) -> None:
        """Expire so many seconds after the first call at most, unless `relent` is called."""
        if self._soon == float("inf"):
            self._soon = self._loop.time() + seconds
            self.stop()
            self._arm()

    def relent(self) -> None:
        """Take `hasten` back."""
        self._soon = float("inf")

    def stop(self) -> None:
        """Never expire."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def _deadline(self) -> float:
        return min(self._touched + self._idle, self._ends, self._soon)

    def _arm(self) -> None:
        self._timer = self._loop.call_at(self._deadline, self._look)

    def _look(self) -> None:
        now = self._loop.time()
        if self._held:
            self._touched = now
        if now < self._deadline:
            self._arm()
        else:
            self._expire("wall" if now >= self._ends else "idle")
