"""Keeps the book and the database at one: every second, and when the process ends."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection
from datetime import datetime, timedelta

from bridge.accounts.leases import Transaction
from bridge.quota import rows
from bridge.quota.book import QuotaBook
from bridge.quota.readings import Reading
from bridge.store.engine import Store
from bridge.vault import Vault
from core.clock import utc_now
from core.errors import BridgeError
from core.logging import get_logger

_log = get_logger(__name__)

_EVERY_SECONDS = 1.0
_CLEAN_SECONDS = 3600.0


class QuotaKeeper:
    """Writes what this process learnt and reads what others did; a crash loses a second of it."""

    def __init__(self, store: Store, book: QuotaBook, vault: Vault, *, history_days: float) -> None:
        self._store = store
        self._book = book
        self._vault = vault
        self._history = timedelta(days=history_days)
        self._revision: int | None = None
        self._version: int | None = None
        self._cleaned: float | None = None
        self._warned = False
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Read what is remembered, and keep at it.

        Raises:
            StoreError: the rows cannot be read.
        """
        await self._refresh()
        self._task = asyncio.create_task(self._run(), name="quota")

    async def aclose(self) -> None:
        """Write what is not written yet."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._quietly(self._flush)

    async def settle(self) -> None:
        """Write and read at once, as the next second would.

        Raises:
            StoreError: the database cannot be written or read.
        """
        await self._flush()
        await self._refresh()

    def forget(self, conn: Transaction, alias: str) -> None:
        """An account becomes another login's: forget its quota, within the transaction that does it."""
        rows.forget_login(conn, alias)

    def forgotten(self, alias: str) -> None:
        """The same in this process; other processes see it in a second."""
        self._book.forget((alias,))

    async def history(
        self, *, accounts: Collection[str] = (), feature: str | None = None, since: datetime, limit: int
    ) -> list[tuple[str, Reading]]:
        """Readings from `since` on, oldest first; of too many the newest.

        Args:
            accounts: only these; empty for all.

        Raises:
            StoreError: the rows cannot be read.
        """
        return await self._store.read(
            lambda conn: rows.history(conn, accounts=accounts, feature=feature, since=since, limit=limit)
        )

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(_EVERY_SECONDS)
            await self._quietly(self.settle)
            if self._cleaned is None or time.monotonic() - self._cleaned > _CLEAN_SECONDS:
                self._cleaned = time.monotonic()
                await self._quietly(self._clean)

    async def _flush(self) -> None:
        change = self._book.take()
        if change is None:
            return
        # A cancelled write still commits: what it holds is only put back where the database refused it.
        try:
            await asyncio.shield(self._store.submit(lambda conn: rows.keep(conn, change)))
        except BridgeError:
            self._book.put_back(change)
            raise

    async def _refresh(self) -> None:
        version = await self._store.changed()
        if version == self._version and self._revision is not None:
            return
        remembered = await self._store.read(lambda conn: rows.recall(conn, known=self._revision))
        if remembered is not None:
            self._book.learn(remembered)
            self._revision = remembered.revision
        self._version = version

    async def _clean(self) -> None:
        """Drop history that is old, and what is known of accounts that are gone."""
        there = {str(entry[0]) for entry in await asyncio.to_thread(self._vault.signature)}
        # A folder without any account is more likely one that is not there yet.
        gone = self._book.aliases - there if there else frozenset()
        before = utc_now() - self._history

        def work(conn: Transaction) -> None:
            rows.forget_history(conn, before)
            if gone:
                rows.forget(conn, gone)

        await self._store.write(work)
        self._book.forget(gone)

    async def _quietly(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except BridgeError as error:
            if not self._warned:
                _log.warning("quota_not_kept", code=error.code, reason=error.message)
            self._warned = True
        else:
            self._warned = False
