"""The one thread that writes: short transactions, in the order in which they were handed in.

What waits while a transaction runs shares the next one, so that a busy bridge commits less often than it writes.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from bridge.store.errors import store_errors
from core.errors import StoreError

T = TypeVar("T")
_MOST_SHARED = 32


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    durable: bool
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Any = None
    error: BaseException | None = None


class Writer:
    """Runs work functions one after another; none sees another's failure."""

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
            jobs, last = self._with_those_that_wait(job)
            for done, outcome in zip(jobs, self._perform(jobs), strict=True):
                try:
                    done.loop.call_soon_threadsafe(_resolve, done.future, outcome)
                except RuntimeError:
                    # The loop that asked is closed; the work is done all the same.
                    continue
            if last:
                break
        self._connection.close()

    def _with_those_that_wait(self, first: _Job) -> tuple[list[_Job], bool]:
        """The jobs of one transaction, and whether the end of all was among them."""
        jobs = [first]
        while len(jobs) < _MOST_SHARED:
            try:
                job = self._jobs.get_nowait()
            except Empty:
                break
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _perform(self, jobs: list[_Job]) -> list[_Outcome]:
        """All jobs in one transaction, which is durable as soon as one of them has to be."""
        try:
            with store_errors():
                self._synchronous(any(job.durable for job in jobs))
                with self._connection.begin():
                    if len(jobs) == 1:
                        return [_Outcome(jobs[0].work(self._connection))]
                    return [self._isolated(job) for job in jobs]
        except BaseException as error:  # noqa: B036 - it belongs to whoever awaits the future
            return [_Outcome(error=error)] * len(jobs)

    def _isolated(self, job: _Job) -> _Outcome:
        """One job of several: what it did is undone when it fails, and what the others did stays."""
        self._connection.exec_driver_sql("SAVEPOINT job")
        try:
            with store_errors():
                outcome = _Outcome(job.work(self._connection))
        except BaseException as error:  # noqa: B036 - it belongs to whoever awaits the future
            outcome = _Outcome(error=error)
            self._connection.exec_driver_sql("ROLLBACK TO job")
        self._connection.exec_driver_sql("RELEASE job")
        return outcome

    def _synchronous(self, full: bool) -> None:
        if full == self._full:
            return
        raw = self._connection.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        # Only outside a transaction does this pragma count.
        raw.execute(f"PRAGMA synchronous={'FULL' if full else 'NORMAL'}").close()
        self._full = full


def _resolve(future: asyncio.Future[Any], outcome: _Outcome) -> None:
    if future.done():
        return
    if outcome.error is None:
        future.set_result(outcome.result)
    else:
        future.set_exception(outcome.error)
