"""Waiting for what another task or process does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

_LOOK_SECONDS = 0.005


async def until(condition: Callable[[], Awaitable[object]], *, seconds: float = 5) -> None:
    """Look until the condition holds; fail the test when it does not in time."""
    for _ in range(int(seconds / _LOOK_SECONDS)):
        if await condition():
            return
        await asyncio.sleep(_LOOK_SECONDS)
    raise AssertionError(f"did not happen within {seconds} s")
