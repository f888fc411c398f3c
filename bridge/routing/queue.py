"""Chat's bounded queue: first come, first served, and nobody waits longer than the patience."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from core.errors import AccountsBusyError, BridgeError, ShuttingDownError

WantT = TypeVar("WantT")
GrantT = TypeVar("GrantT")

_LOOK_SECONDS = 0.05
"""How often a slot that another process freed is looked for."""

_TRY_SECONDS = 1.0
"""How often the line is served although nobody committed anything: cooldowns end by themselves."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """Nobody can serve a want now, and waiting may help; `error` says why to whoever waits in vain."""

    error: AccountsBusyError


@dataclass(slots=True, eq=False)
class _Waiter(Generic[WantT, GrantT]):
    want: WantT
    future: asyncio.Future[GrantT]
    why: NotYet


class Queue(Generic[WantT, GrantT]):
    """Serves those in line together: whoever cannot be served now is passed over and keeps the place."""

    def __init__(
        self,
        *,
        limit: int,
        patience_seconds: float,
        serve: Callable[[Sequence[WantT]], Awaitable[Sequence[GrantT | BridgeError | NotYet]]],
        changed: Callable[[], Awaitable[int]],
        give_back: Callable[[GrantT], None],
    ) -> None:
        """Args:
        serve: for each want in order a grant, an error that ends its waiting, or why it has to wait.
        changed: a number that differs when a slot may have become free in another process.
        give_back: takes a grant whose receiver has left.
        """
        self._limit = limit
        self._patience = patience_seconds
        self._serve = serve
        self._changed = changed
        self._give_back = give_back
        self._line: dict[_Waiter[WantT, GrantT], None] = {}
        self._woken = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None
        self._closed = False

    def __len__(self) -> int:
        return len(self._line)

    @property
    def full(self) -> bool:
        """Whether nobody else may get in line."""
        return len(self._line) >= self._limit

    def wake(self) -> None:
        """A slot was freed here: serve the line at once."""
        self._woken.set()

    async def wait(self, want: WantT, why: NotYet) -> GrantT:
        """Get in line and wait. A cancelled caller frees the place, and a grant that was on its way is given back.

        Args:
            why: it has to wait, as far as that is known already.

        Raises:
            AccountsBusyError: the line is full, or the patience is over.
            ShuttingDownError: the queue was closed.
            BridgeError: what `serve` says.
        """
        if self._closed:
            raise ShuttingDownError("the bridge is stopping")
        if self.full:
            raise _in_vain(why, f"{len(self._line)} wait already, which are as many as may")
        waiter: _Waiter[WantT, GrantT] = _Waiter(want, asyncio.get_running_loop().create_future(), why)
        self._line[waiter] = None
        self.wake()
        if self._pump is None or self._pump.done():
            self._pump = asyncio.create_task(self._serve_line(), name="chat-queue")
        try:
            async with asyncio.timeout(self._patience):
                return await waiter.future
        except TimeoutError:
            self._left(waiter)
            raise _in_vain(waiter.why, f"nothing changed within {self._patience:g} s") from None
        except asyncio.CancelledError:
            self._left(waiter)
            raise
        finally:
            self._line.pop(waiter, None)

    async def aclose(self) -> None:
        """Send everybody away."""
        self._closed = True
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        self._fail(ShuttingDownError("the bridge is stopping"))

    def _left(self, waiter: _Waiter[WantT, GrantT]) -> None:
        future = waiter.future
        # The grant may have arrived in the moment in which the caller was cancelled.
        if future.done() and not future.cancelled() and future.exception() is None:
            self._give_back(future.result())

    async def _serve_line(self) -> None:
        try:
            while self._line:
                self._woken.clear()
                version = await self._changed()
                waiters = list(self._line)
                outcomes = await self._serve([waiter.want for waiter in waiters])
                for waiter, outcome in zip(waiters, outcomes, strict=True):
                    self._settle(waiter, outcome)
                if self._line:
                    await self._sleep(version)
        except Exception as error:
            # Nobody may be left waiting for a pump that stopped.
            self._fail(error)

    def _settle(self, waiter: _Waiter[WantT, GrantT], outcome: GrantT | BridgeError | NotYet) -> None:
        if isinstance(outcome, NotYet):
            waiter.why = outcome
            return
        self._line.pop(waiter, None)
        if isinstance(outcome, BridgeError):
            if not waiter.future.done():
                waiter.future.set_exception(outcome)
        elif waiter.future.done():
            self._give_back(outcome)
        else:
            waiter.future.set_result(outcome)

    async def _sleep(self, version: int) -> None:
        """Until a slot was freed here, somebody committed, or a second has passed."""
        clock = asyncio.get_running_loop().time
        until = clock() + _TRY_SECONDS
        while clock() < until:
            try:
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._woken.wait()
                return
            except TimeoutError:
                if await self._changed() != version:
                    return

    def _fail(self, error: Exception) -> None:
        for waiter in list(self._line):
            self._line.pop(waiter, None)
            if not waiter.future.done():
                waiter.future.set_exception(error)


def _in_vain(why: NotYet, what: str) -> AccountsBusyError:
    """The error of who waited in vain: what kept it waiting at the end, and `what` ended the waiting."""
    known = why.error
    return AccountsBusyError(
        f"{known.message} ({what})", retry_after_seconds=known.retry_after_seconds, route=known.route
    )
