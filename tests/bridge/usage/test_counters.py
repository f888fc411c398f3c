"""What was asked for is counted once, by everybody together, and survives the end of a process."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from bridge.store.engine import Store
from bridge.usage.counters import UsageCounters, count_ended
from core.clock import utc_now

TODAY = utc_now() - timedelta(hours=1)


async def test_requests_failures_and_tokens_add_up_over_processes(store: Store) -> None:
    one, other = UsageCounters(store), UsageCounters(store)
    one.count(owner="k1", account="a", model="auto", kind="chat", prompt_tokens=10, completion_tokens=5)
    one.count(owner="k1", account="a", model="auto", kind="chat", failed=True)
    other.count(owner="k1", account="a", model="auto", kind="chat", prompt_tokens=1, completion_tokens=2)
    other.count(owner="k2", account=None, model="gpt-5-5", kind="chat", failed=True)
    await one.aclose()
    await other.aclose()

    told = await UsageCounters(store).report(since=TODAY, by=("owner",))
    assert [(c.owner, c.requests, c.failures, c.prompt_tokens, c.completion_tokens) for c in told] == [
        ("k1", 3, 1, 11, 7),
        ("k2", 1, 1, 0, 0),
    ]


async def test_a_report_tells_apart_what_it_is_asked_to_and_shows_what_is_not_written_yet(store: Store) -> None:
    usage = UsageCounters(store)
    for model in ("auto", "auto", "gpt-5-5"):
        usage.count(owner="k1", account="a", model=model, kind="chat")
    assert [(c.model, c.requests) for c in await usage.report(since=TODAY, by=("model",))] == [
        ("auto", 2),
        ("gpt-5-5", 1),
    ]
    assert [c.requests for c in await usage.report(since=TODAY, by=())] == [3]
    assert await usage.report(since=TODAY, by=(), owner="k2") == ()
    assert await usage.report(since=utc_now() + timedelta(days=2), by=("model",)) == ()
    await usage.aclose()


async def test_what_is_counted_is_written_by_itself_within_seconds(store: Store) -> None:
    usage = UsageCounters(store)
    version = await store.changed()
    usage.count(owner="k1", account="a", model="auto", kind="chat")
    for _ in range(400):
        if await store.changed() != version:
            break
        await asyncio.sleep(0.01)
    assert [c.requests for c in await UsageCounters(store).report(since=TODAY, by=())] == [1]
    await usage.aclose()


async def test_an_operation_is_counted_with_the_transaction_that_ends_it(store: Store) -> None:
    def end(conn: Connection) -> None:
        count_ended(conn, owner="k1", account="a", model="auto", kind="image", failed=True, now=utc_now())

    def break_off(conn: Connection) -> None:
        end(conn)
        raise RuntimeError("rolled back")

    with pytest.raises(RuntimeError):
        await store.write(break_off)
    assert await UsageCounters(store).report(since=TODAY, by=("kind",)) == ()

    await store.write(end)
    told = await UsageCounters(store).report(since=TODAY, by=("kind",))
    assert [(c.kind, c.requests, c.failures) for c in told] == [("image", 1, 1)]
