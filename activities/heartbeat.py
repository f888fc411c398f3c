"""The one heartbeater: an activity that lives longer than a few seconds runs inside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from temporalio import activity

_EVERY_SECONDS = 2.0


@asynccontextmanager
async def beating(look: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[None]:
    """Tell Temporal every two seconds that this activity is alive, or three times within its heartbeat timeout where
    that is shorter; `look` is awaited at each beat.

    A `look` that raises does not stop the beat: what it saw it has to act on itself. Cancellation passes through, at
    once and unchanged.
    """
    activity.heartbeat()
    beat = asyncio.create_task(_beat(_interval(), look), name="heartbeat")
    try:
        yield
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


def _interval() -> float:
    patience = activity.info().heartbeat_timeout
    return _EVERY_SECONDS if patience is None else min(_EVERY_SECONDS, patience.total_seconds() / 3)


async def _beat(every: float, look: Callable[[], Awaitable[None]] | None) -> None:
    while True:
        await asyncio.sleep(every)
        activity.heartbeat()
        if look is not None:
            try:
                async with asyncio.timeout(every):
                    await look()
            except Exception as error:
                activity.logger.warning("heartbeat look failed: %s", type(error).__name__)
