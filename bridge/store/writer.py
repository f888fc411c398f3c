"""The one thread that writes: short transactions, in the order in which they were handed in."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from bridge.store.errors import store_errors
from core.errors import StoreError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    durable: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class Writer:
    """Runs work functions one after another, each in a transaction of its own."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._gate = Lock()
        self._closed = False
        self._full = False
        with store_errors():
            self._connection = engine.connect()
        self._thread = Thread(target=self._run, name="store-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Callable[[Connection], T], *, durable: bool) -> asyncio.Future[T]:
        """Hand `work` in at once; what is handed in runs, whatever becomes of the future.

        Raises:
            StoreError: the writer is closed.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._gate:
            if self._closed:
                raise StoreError("the database is closed")
            self._jobs.put(_Job(work, durable, loop, future))
        return future

    async def aclose(self) -> None:
        """Finish what was handed in, then close the connection."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._engine.dispose()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            result, error = self._perform(job)
            try:
                job.loop.call_soon_threadsafe(_resolve, job.future, result, error)
            except RuntimeError:
                # The loop that asked is closed; the work is done all the same.
                continue
        self._connection.close()

    def _perform(self, job: _Job) -> tuple[Any, BaseException | None]:
        try:
            with store_errors():
                self._synchronous(job.durable)
                with self._connection.begin():
                    return job.work(self._connection), None
        except BaseException as error:  # noqa: B036 - it belongs to whoever awaits the future
            return None, error

    def _synchronous(self, full: bool) -> None:
        if full == self._full:
            return
        raw = self._connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        # Only outside a transaction does this pragma count.
        raw.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}").close()
        self._full = full


def _resolve(future: asyncio.Future[Any], result: Any, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
