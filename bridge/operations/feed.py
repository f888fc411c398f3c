"""Following operations: one reader a process, any number of watchers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Connection, select

from bridge.operations import events
from bridge.operations.rows import OPERATIONS, TERMINAL, load
from bridge.store.engine import Store
from core.contracts.operations import OperationEvent, OperationRecord, OperationState
from core.logging import get_logger

_log = get_logger(__name__)
_LOOK_SECONDS = 0.025
_SOON_SECONDS = 0.005
_LIVELY_SECONDS = 1.0
"""How long after a change the next one is looked for sooner: a step of an operation seldom comes alone."""

_BATCH = 500


class _Watcher:
    """Somebody who waits for news of one operation."""

    def __init__(self, *, only_end: bool) -> None:
        self.only_end = only_end
        self.news = asyncio.Event()


class _Watched:
    """One operation: who watches it, and its newest events, which the reader fetches once for all of them.

    Attributes:
        seen: number of the newest event that watchers were woken for; `None` before the first.
        reaches: number of the newest event in `recent`, or of the one before it while that is empty; `None` while
            nobody has read any.
        ended: the event of that number is the last one.
    """

    def __init__(self) -> None:
        self.watchers: set[_Watcher] = set()
        self.seen: int | None = None
        self.recent: deque[OperationEvent] = deque(maxlen=_BATCH)
        self.reaches: int | None = None
        self.ended = False

    def behind(self, after: int) -> list[OperationEvent] | None:
        """The events behind number `after`; `None` when they have to be read."""
        if self.reaches is None:
            return None
        if after >= self.reaches:
            return []
        if not self.recent or self.recent[0].number > after + 1:
            return None
        return [event for event in self.recent if event.number > after]

    def add(self, after: int, found: Sequence[OperationEvent]) -> None:
        """Take in what was read behind number `after`, where it goes on from what is there."""
        if self.reaches is None:
            self.reaches = after
        for event in found:
            if event.number == self.reaches + 1:
                self.recent.append(event)
                self.reaches = event.number

    def forget(self) -> None:
        """Have watchers read for themselves."""
        self.recent.clear()
        self.reaches, self.ended = None, False

    def hear(self, news: _News) -> None:
        """Take in what the reader found, and wake those whom it concerns."""
        if news.events is None:
            self.forget()
        elif self.reaches is not None:
            self.add(news.after, news.events)
            self.ended = news.ended and self.reaches >= news.last_event
        if self.seen != news.last_event:
            self.seen = news.last_event
            self.wake(ended=news.ended)

    def wake(self, *, ended: bool) -> None:
        """Wake everybody, or those only who wait for more than the end."""
        for watcher in self.watchers:
            if ended or not watcher.only_end:
                watcher.news.set()


@dataclass(frozen=True, slots=True)
class _News:
    """How an operation stands, and its events behind number `after`; `None` where they are too many to hand on."""

    operation_id: str
    last_event: int
    ended: bool
    after: int
    events: tuple[OperationEvent, ...] | None


class Feed:
    """Wakes watchers when the database has news for them; looks only while somebody waits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._watched: dict[str, _Watched] = {}
        self._reader: asyncio.Task[None] | None = None

    @property
    def watchers(self) -> int:
        """How many watch anything now."""
        return sum(len(watched.watchers) for watched in self._watched.values())

    async def follow(self, operation_id: str, after: int = 0) -> AsyncGenerator[OperationEvent, None]:
        """The events behind number `after`, as they come; ends after the terminal one.

        However many follow an operation, what is new is read once.
        """
        with self._watching(operation_id) as watcher:
            watched = self._watched[operation_id]
            while True:
                watcher.news.clear()
                shared, ended = watched.behind(after), watched.ended
                if shared is None:
                    batch, ended, last = await self._store.read(partial(_behind, operation_id, after))
                    if len(batch) < _BATCH:
                        # Only what goes up to the newest event can be gone on from.
                        watched.add(min(after, last), batch)
                else:
                    batch = shared
                for event in batch:
                    yield event
                    after = event.number
                    if ends(event):
                        return
                if not batch:
                    if ended:
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
        watched = self._watched.setdefault(operation_id, _Watched())
        watched.watchers.add(watcher)
        if self._reader is None or self._reader.done():
            self._reader = asyncio.create_task(self._look(), name="operation-feed")
        try:
            yield watcher
        finally:
            watched.watchers.discard(watcher)
            if not watched.watchers:
                del self._watched[operation_id]

    async def _look(self) -> None:
        version: int | None = None
        clock = asyncio.get_running_loop().time
        changed_at = clock()
        while self._watched:
            try:
                current = await self._store.changed()
                if current != version:
                    await self._wake()
                    version, changed_at = current, clock()
            except Exception as error:
                # The reader serves every watcher, so it outlives a database that is away for a moment; each watcher's
                # own read tells its caller.
                _log.warning("feed_look_failed", error=type(error).__name__)
                for watched in self._watched.values():
                    watched.forget()
                    watched.wake(ended=True)
            lively = clock() - changed_at < _LIVELY_SECONDS
            await asyncio.sleep(_SOON_SECONDS if lively else _LOOK_SECONDS)

    async def _wake(self) -> None:
        known = {operation_id: watched.reaches for operation_id, watched in self._watched.items()}
        for news in await self._store.read(lambda conn: _newest(conn, known)):
            if (watched := self._watched.get(news.operation_id)) is not None:
                watched.hear(news)


def ends(event: OperationEvent) -> bool:
    """Whether this is the last event of its operation."""
    return event.type == "state" and OperationState(event.data["state"]).terminal


def _behind(operation_id: str, after: int, conn: Connection) -> tuple[list[OperationEvent], bool, int]:
    """Some events, whether the operation has ended or is not there, and the number of its last event."""
    row = conn.execute(
        select(OPERATIONS.c.state, OPERATIONS.c.last_event).where(OPERATIONS.c.id == operation_id)
    ).one_or_none()
    if row is None:
        return [], True, 0
    return list(events.read(conn, operation_id, after, _BATCH)), row.state in TERMINAL, row.last_event


def _newest(conn: Connection, known: Mapping[str, int | None]) -> list[_News]:
    """What is new of each operation; its events where it is known up to which number they are there."""
    rows = conn.execute(
        select(OPERATIONS.c.id, OPERATIONS.c.last_event, OPERATIONS.c.state).where(OPERATIONS.c.id.in_(known))
    ).all()
    return [_news(conn, row.id, row.last_event, row.state in TERMINAL, known[row.id]) for row in rows]


def _news(conn: Connection, operation_id: str, last: int, ended: bool, reaches: int | None) -> _News:
    if reaches is None or reaches >= last:
        return _News(operation_id, last, ended, last, ())
    if last - reaches > _BATCH:
        return _News(operation_id, last, ended, last, None)
    return _News(operation_id, last, ended, reaches, events.read(conn, operation_id, reaches, _BATCH))
