"""The simulator in a thread with a loop of its own, for tests of commands that run a loop themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from provider.simulator import Simulator, SimulatorConfig, start


@contextmanager
def threaded_simulator(config: SimulatorConfig) -> Iterator[Simulator]:
    """A running simulator, ended when the block is left."""
    ready, over, found = Event(), Event(), []

    async def serve() -> None:
        running = await start(config)
        try:
            found.append(running)
            ready.set()
            await asyncio.to_thread(over.wait)
        finally:
            await running.aclose()

    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(asyncio.run, serve())
        try:
            assert ready.wait(10)
            yield found[0]
        finally:
            over.set()
            serving.result(10)
