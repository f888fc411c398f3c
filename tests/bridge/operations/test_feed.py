"""Watchers hear of everything, and nothing is looked at while nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection

from bridge.operations import events
from bridge.operations.feed import Feed
from bridge.operations.records import Operations
from bridge.store.engine import Store
from core.contracts.operations import OperationState
from core.errors import StoreError
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, OneAccount())  # type: ignore[arg-type]


@pytest.fixture
async def feed(store: Store) -> AsyncIterator[Feed]:
    opened = Feed(store)
    yield opened
    await opened.aclose()


async def numbers(feed: Feed, operation_id: str, after: int = 0) -> list[int]:
    return [event.number async for event in feed.follow(operation_id, after)]


async def test_a_watcher_gets_what_was_and_what_comes_and_then_the_end(
    operations: Operations, feed: Feed, store: Store
) -> None:
    record = (await operations.admit(admission())).record
    watching = asyncio.create_task(numbers(feed, record.id))
    await asyncio.sleep(0.1)
    await store.write(lambda conn: events.append(conn, record.id, "a", "progress", {}))
    await asyncio.sleep(0.1)
    await operations.close(record.id, OperationState.CANCELLED)

    assert await asyncio.wait_for(watching, 2) == [1, 2, 3]
    assert await numbers(feed, record.id, after=1) == [2, 3]
    assert await numbers(feed, record.id, after=3) == []


async def test_a_change_by_another_process_is_heard_within_a_tenth_of_a_second(
    operations: Operations, feed: Feed, database_url: str
) -> None:
    record = (await operations.admit(admission())).record
    waiting = asyncio.create_task(feed.wait_finished(record.id, 5))
    await asyncio.sleep(0.1)
    other = Store.open(database_url)
    try:
        started = asyncio.get_running_loop().time()
        await Operations(other, OneAccount()).close(record.id, OperationState.CANCELLED)  # type: ignore[arg-type]
        done = await waiting
        took = asyncio.get_running_loop().time() - started
    finally:
        await other.aclose()

    assert done is not None
    assert done.state == "cancelled"
    assert took < 0.3


async def test_waiting_ends_with_the_time_or_with_an_unknown_id(operations: Operations, feed: Feed) -> None:
    record = (await operations.admit(admission())).record

    assert await feed.wait_finished(record.id, 0.1) is None
    assert await feed.wait_finished("nobody", 5) is None


async def test_nobody_waiting_means_nobody_looking(operations: Operations, feed: Feed) -> None:
    record = (await operations.admit(admission())).record
    await feed.wait_finished(record.id, 0.05)
    await asyncio.sleep(0.1)

    assert feed._reader is not None
    assert feed._reader.done()
    assert feed.watchers == 0


async def test_many_watchers_of_one_operation_all_hear_its_end(operations: Operations, feed: Feed) -> None:
    record = (await operations.admit(admission())).record
    waiting = [asyncio.create_task(feed.wait_finished(record.id, 5)) for _ in range(50)]
    await asyncio.sleep(0.05)

    await operations.close(record.id, OperationState.CANCELLED)

    assert {done.state for done in await asyncio.gather(*waiting) if done} == {"cancelled"}


class CountingStore:
    """A store that counts what is read from it."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.reads = 0
        self.changed = store.changed

    async def read(self, work: Any) -> Any:
        self.reads += 1
        return await self._store.read(work)


async def test_ten_watchers_cost_one_reader(operations: Operations, store: Store) -> None:
    counting = CountingStore(store)
    feed = Feed(counting)  # type: ignore[arg-type]
    record = (await operations.admit(admission())).record
    watching = [asyncio.create_task(numbers(feed, record.id)) for _ in range(10)]
    await asyncio.sleep(0.15)
    attached = counting.reads
    for number in range(20):
        await store.write(lambda conn, number=number: events.append(conn, record.id, str(number), "progress", {}))
        await asyncio.sleep(0.03)
    await operations.close(record.id, OperationState.CANCELLED)

    assert await asyncio.wait_for(asyncio.gather(*watching), 5) == [list(range(1, 23))] * 10
    assert attached <= 12
    assert counting.reads - attached <= 22
    await feed.aclose()


async def test_a_log_longer_than_what_is_kept_in_memory_is_followed_whole(
    operations: Operations, feed: Feed, store: Store
) -> None:
    record = (await operations.admit(admission())).record

    def many(conn: Connection, begin: int) -> None:
        for number in range(begin, begin + 700):
            events.append(conn, record.id, f"n{number}", "progress", {})

    await store.write(lambda conn: many(conn, 0))
    early = asyncio.create_task(numbers(feed, record.id))
    ahead = asyncio.create_task(numbers(feed, record.id, after=10_000))
    await asyncio.sleep(0.2)
    late = asyncio.create_task(numbers(feed, record.id, after=690))
    await store.write(lambda conn: many(conn, 700))
    await asyncio.sleep(0.1)
    await operations.close(record.id, OperationState.CANCELLED)

    assert await asyncio.wait_for(early, 5) == list(range(1, 1403))
    assert await asyncio.wait_for(late, 5) == list(range(691, 1403))
    assert await asyncio.wait_for(ahead, 5) == []


async def test_who_comes_in_between_misses_nothing(operations: Operations, feed: Feed, store: Store) -> None:
    record = (await operations.admit(admission())).record
    watching = []
    for number in range(40):
        watching.append(asyncio.create_task(numbers(feed, record.id, after=number // 2)))
        await store.write(lambda conn, number=number: events.append(conn, record.id, str(number), "progress", {}))
        await asyncio.sleep(0.005)
    await operations.close(record.id, OperationState.CANCELLED)

    heard = await asyncio.wait_for(asyncio.gather(*watching), 5)
    assert heard == [list(range(number // 2 + 1, 43)) for number in range(40)]
    assert feed.watchers == 0


async def test_after_a_database_that_was_away_watchers_read_on(operations: Operations, store: Store) -> None:
    counting = CountingStore(store)
    feed = Feed(counting)  # type: ignore[arg-type]
    record = (await operations.admit(admission())).record
    watching = asyncio.create_task(numbers(feed, record.id))
    await asyncio.sleep(0.1)

    async def away() -> int:
        counting.changed = store.changed
        await operations.close(record.id, OperationState.CANCELLED)
        raise StoreError("away")

    counting.changed = away

    assert await asyncio.wait_for(watching, 5) == [1, 2]
    await feed.aclose()
