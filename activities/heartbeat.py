"""The one heartbeater: an activity that lives longer than ten seconds runs inside it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from temporalio import activity

_EVERY_SECONDS = 2.0


@asynccontextmanager
async def beating(look: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[None]:
    """Tell Temporal every two seconds that this activity is alive; `look` is awaited at each beat.

    A `look` that raises does not stop the beat: what it saw it has to act on itself. Cancellation passes through, at
    once and unchanged.
    """
    activity.heartbeat()
    beat = asyncio.create_task(_beat(look), name="heartbeat")
    try:
        yield
    finally:
        beat.cancel()
        await asyncio.gather(beat, return_exceptions=True)


async def _beat(look: Callable[[], Awaitable[None]] | None) -> None:
    while True:
        await asyncio.sleep(_EVERY_SECONDS)
        activity.heartbeat()
        if look is not None:
            try:
                async with asyncio.timeout(_EVERY_SECONDS):
                    await look()
            except Exception as error:
                activity.logger.warning("heartbeat look failed: %s", type(error).__name__)
