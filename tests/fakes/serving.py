"""The API in a thread with a loop of its own, for tests that are no coroutines."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

from core.contracts.operations import OperationRecord
from tests.fakes.server import Served, complete, open_server


@contextmanager
def threaded_server(root: Path, **options: Any) -> Iterator[Served]:
    """A running server, ended when the block is left. Operations end at once with a picture, and no name that a
    request makes up is looked up outside this machine."""
    ready, over, found = Event(), Event(), []

    async def serve() -> None:
        async with open_server(root, **options) as served:

            async def work(record: OperationRecord) -> None:
                await complete(served, record.id)

            served.temporal.work = work
            served.bridge.references._fetcher._resolve = _nowhere
            found.append(served)
            ready.set()
            await asyncio.to_thread(over.wait)

    with ThreadPoolExecutor(1) as pool:
        serving = pool.submit(asyncio.run, serve())
        try:
            while not ready.wait(0.1):
                assert not serving.done(), serving.exception()
            yield found[0]
        finally:
            over.set()
            serving.result(20)


async def _nowhere(_host: str, _port: int) -> Sequence[str]:
    """Every name is one of this machine, which the fetcher does not ask."""
    return ("127.0.0.1",)
