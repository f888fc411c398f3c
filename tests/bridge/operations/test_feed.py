"""Watchers hear of everything, and nothing is looked at while nobody waits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from bridge.operations import events
from bridge.operations.feed import Feed
from bridge.operations.records import Operations
from bridge.store.engine import Store
from core.contracts.operations import OperationState
from tests.bridge.operations.test_admission import NoAccounts
from tests.fixtures.durable import admission


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, NoAccounts())  # type: ignore[arg-type]


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
        await Operations(other, NoAccounts()).close(record.id, OperationState.CANCELLED)  # type: ignore[arg-type]
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
    assert feed._watchers == {}


async def test_many_watchers_of_one_operation_all_hear_its_end(operations: Operations, feed: Feed) -> None:
    record = (await operations.admit(admission())).record
    waiting = [asyncio.create_task(feed.wait_finished(record.id, 5)) for _ in range(50)]
    await asyncio.sleep(0.05)

    await operations.close(record.id, OperationState.CANCELLED)

    assert {done.state for done in await asyncio.gather(*waiting) if done} == {"cancelled"}
