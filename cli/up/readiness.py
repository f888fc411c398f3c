"""When a child counts as ready."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import httpx2

Ready = Callable[[], Awaitable[bool]]

_SECONDS = 2.0


def listens(port: int, host: str = "127.0.0.1") -> Ready:
    """It accepts connections."""

    async def ready() -> bool:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, port), _SECONDS)
        writer.close()
        await writer.wait_closed()
        return True

    return ready


def answers(url: str) -> Ready:
    """`url` answers with a status below 400."""

    async def ready() -> bool:
        async with httpx2.AsyncClient(timeout=_SECONDS, trust_env=False) as client:
            return (await client.get(url)).status_code < 400

    return ready


def both(first: Ready, second: Ready) -> Ready:
    """The first is ready, and then the second."""

    async def ready() -> bool:
        return await first() and await second()

    return ready
