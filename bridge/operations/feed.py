"""Following operations: one reader a process, any number of watchers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial

from sqlalchemy import Connection, select

from bridge.operations import events
from bridge.operations.rows import OPERATIONS, TERMINAL, load
from bridge.store.engine import Store
from core.contracts.operations import OperationEvent, OperationRecord, OperationState
from core.logging import get_logger

_log = get_logger(__name__)
_LOOK_SECONDS = 0.025
_BATCH = 500


class _Watcher:
    """Somebody who waits for news of one operation."""

    def __init__(self, *, only_end: bool) -> None:
        self.only_end = only_end
        self.news = asyncio.Event()


class Feed:
    """Wakes watchers when the database has news for them; looks only while somebody waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watchers: dict[str, set[_Watcher]] = {}
        self._seen: dict[str, int] = {}
        self._reader: asyncio.Task[None] | None = None

    async def follow(self, operation_id: str, after: int = 0) -> AsyncIterator[OperationEvent]:
        """The events behind number `after`, as they come; ends after the terminal one."""
        with self._watching(operation_id) as watcher:
            while True:
                watcher.news.clear()
                batch = await self._store.read(partial(_behind, operation_id, after))
                for event in batch:
                    yield event
                    after = event.number
                    if ends(event):
                        return
                if not batch:
                    if await self._store.read(lambda conn: _ended(conn, operation_id)):
                        return
                    await watcher.news.wait()

    async def wait_finished(self, operation_id: str, timeout_seconds: float | None) -> OperationRecord | None:
        """The finished operation; `None` when it has not ended within the time or does not exist."""
        try:
            async with asyncio.timeout(timeout_seconds):
                with self._watching(operation_id, only_end=True) as watcher:
                    while True:
                        watcher.news.clear()
                        record = await self._store.read(lambda conn: load(conn, operation_id))
                        if record is None or record.state.terminal:
                            return record
                        await watcher.news.wait()
        except TimeoutError:
            return None

    async def aclose(self) -> None:
        """Stop looking; watchers hear nothing more."""
        reader, self._reader = self._reader, None
        if reader is not None:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    @contextmanager
    def _watching(self, operation_id: str, *, only_end: bool = False) -> Iterator[_Watcher]:
        watcher = _Watcher(only_end=only_end)
        self._watchers.setdefault(operation_id, set()).add(watcher)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._look(), name="operation-feed")
        try:
            yield watcher
        finally:
            others = self._watchers[operation_id]
            others.discard(watcher)
            if not others:
                del self._watchers[operation_id]
                self._seen.pop(operation_id, None)

    async def _look(self) -> None:
        version: int | None = None
        while self._watchers:
            try:
                current = await self._store.changed()
                if current != version:
                    await self._wake()
                    version = current
            except Exception as error:
                # The reader serves every watcher, so it outlives a database that is away for a moment; each watcher's
                # own read tells its caller.
                _log.warning("feed_look_failed", error=type(error).__name__)
                self._wake_all()
            await asyncio.sleep(_LOOK_SECONDS)

    async def _wake(self) -> None:
        watched = list(self._watchers)
        for operation_id, number, ended in await self._store.read(lambda conn: _newest(conn, watched)):
            if self._seen.get(operation_id) != number:
                self._seen[operation_id] = number
                for watcher in self._watchers.get(operation_id, ()):
                    if ended or not watcher.only_end:
                        watcher.news.set()

    def _wake_all(self) -> None:
        for watchers in self._watchers.values():
            for watcher in watchers:
                watcher.news.set()


def ends(event: OperationEvent) -> bool:
    """Whether this is the last event of its operation."""
    return event.type == "state" and OperationState(event.data["state"]).terminal


def _behind(operation_id: str, after: int, conn: Connection) -> tuple[OperationEvent, ...]:
    return events.read(conn, operation_id, after, _BATCH)


def _ended(conn: Connection, operation_id: str) -> bool:
    state = conn.execute(select(OPERATIONS.c.state).where(OPERATIONS.c.id == operation_id)).scalar_one_or_none()
    return state is None or state in TERMINAL


def _newest(conn: Connection, operation_ids: Sequence[str]) -> list[tuple[str, int, bool]]:
    """Id, number of the last event, and whether that one is the end."""
    rows = conn.execute(
        select(OPERATIONS.c.id, OPERATIONS.c.last_event, OPERATIONS.c.state).where(OPERATIONS.c.id.in_(operation_ids))
    ).all()
    return [(row.id, row.last_event, row.state in TERMINAL) for row in rows]
