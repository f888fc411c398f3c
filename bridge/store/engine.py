"""The database as everybody sees it: read, write, has anybody committed?"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from bridge.store.errors import store_errors
from bridge.store.sqlite import database_file, reading_engine, writing_engine
from bridge.store.writer import Writer
from core.errors import StoreError

T = TypeVar("T")

_READERS = 4


class Store:
    """The one database. Work is a plain function of a connection; several compose by calling each other.

    Every error of the database is a `StoreError`; what the work itself raises passes unchanged, rolled back.
    """

    def __init__(self, file: Path) -> None:
        self._writer = Writer(writing_engine(file))
        self._engine = reading_engine(file, connections=_READERS)
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="store-reader")
        # A connection of its own, because `data_version` counts the commits of all the others.
        self._watcher = sqlite3.connect(file, timeout=0, isolation_level=None, check_same_thread=False)
        self._version = 0

    @classmethod
    def open(cls, url: str) -> Store:
        """Open the database that `migrate` made; the file gets mode 0600, missing folders 0700.

        Raises:
            SettingError: `url` is not the address of an SQLite file.
            StoreError: the file cannot be opened.
        """
        return cls(database_file(url))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """What `work` returns over one consistent moment of the database; it cannot write.

        Raises:
            StoreError: the database cannot be read.
        """
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._read, work)

    async def write(self, work: Callable[[Connection], T], *, durable: bool = False) -> T:
        """Run `work` in a transaction of its own, after everything that was handed in before.

        A cancelled caller cancels nothing: the work still runs and commits. With `durable` the commit is on the disk
        when this returns; without, a power failure (not a crash of the process) may lose it.

        Raises:
            StoreError: nothing was committed.
        """
        return await self._writer.submit(work, durable=durable)

    def submit(self, work: Callable[[Connection], T], *, durable: bool = False) -> asyncio.Future[T]:
        """`write` for a caller that must not wait: handed in when this returns, the outcome in the future."""
        return self._writer.submit(work, durable=durable)

    async def changed(self) -> int:
        """A number that differs from the last one when anybody committed, in this process or another.

        A few microseconds, no thread: it reads shared memory.
        """
        try:
            self._version = int(self._watcher.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:
            # Another process recovers or truncates the log just now; the next call tells.
            return self._version
        except sqlite3.Error as error:
            raise StoreError(f"the database refused: {error}") from error
        return self._version

    async def aclose(self) -> None:
        """Finish what was handed in and close every connection."""
        await self._writer.aclose()
        await asyncio.to_thread(self._readers.shutdown)
        self._engine.dispose()
        self._watcher.close()

    def _read(self, work: Callable[[Connection], T]) -> T:
        with store_errors(), self._engine.connect() as connection, connection.begin():
            return work(connection)
