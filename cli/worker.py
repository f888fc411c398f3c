"""`chatgpt-api worker`."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.settings import Settings


def worker() -> None:
    """Run a worker, which does the steps of operations.

    Any number of them, on any machine that sees the data; Ctrl-C stops it.
    """
    from core.logging import configure
    from core.settings import load_all

    settings = load_all()
    configure(process="worker", level=settings.logs.level, style=settings.logs.format)
    asyncio.run(_work(settings))


async def _work(settings: Settings) -> None:
    from bridge.build import open_bridge
    from workflows.temporal.worker import run_worker

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with open_bridge(settings, process="worker") as bridge:
        await run_worker(bridge, settings, stop=stop)
