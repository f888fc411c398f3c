"""Slots in the database, shared by processes that may die."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bridge.accounts import leases
from bridge.accounts.presence import ProcessPresence
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.buckets import Bucket
from tests.fakes.waiting import until

_NOW = utc_now()


def _chat(conn: Connection, lease: str, process: str, *buckets: Bucket) -> None:
    leases.take_for_process(
        conn, lease_id=lease, process_id=process, account="a", buckets=buckets or (Bucket.CHAT,), now=_NOW
    )


async def test_used_slots_are_counted_by_account_and_bucket(store: Store) -> None:
    def work(conn: Connection) -> leases.Used:
        _chat(conn, "l1", "p1", Bucket.CHAT, Bucket.UPLOAD)
        _chat(conn, "l2", "p2")
        leases.take_for_operation(conn, operation_id="op", account="b", buckets=(Bucket.IMAGE,), now=_NOW)
        return leases.used(conn)

    assert await store.write(work) == {("a", "chat"): 2, ("a", "upload"): 1, ("b", "image"): 1}


async def test_giving_back_frees_every_bucket_and_twice_is_once(store: Store) -> None:
    def work(conn: Connection) -> leases.Used:
        _chat(conn, "l1", "p1", Bucket.CHAT, Bucket.UPLOAD)
        leases.release(conn, "l1")
        leases.release(conn, "l1")
        return leases.used(conn)

    assert await store.write(work) == {}


async def test_an_operation_holds_one_account_at_a_time(store: Store) -> None:
    def take(conn: Connection, account: str) -> None:
        leases.take_for_operation(conn, operation_id="op", account=account, buckets=(Bucket.IMAGE,), now=_NOW)

    def again(conn: Connection) -> str | None:
        take(conn, "a")
        with pytest.raises(IntegrityError):
            take(conn, "b")
        return leases.held_by_operation(conn, "op")

    assert await store.write(again) == "a"


async def test_a_silent_process_loses_its_chats_but_no_operation(store: Store) -> None:
    def work(conn: Connection) -> tuple[int, leases.Used]:
        for process, age in (("dead", 31), ("alive", 5)):
            leases.renew_process(
                conn, process_id=process, kind="api", host="h", pid=1, now=_NOW - timedelta(seconds=age)
            )
            _chat(conn, f"l-{process}", process)
        leases.take_for_operation(conn, operation_id="op", account="a", buckets=(Bucket.IMAGE,), now=_NOW)
        return leases.expire(conn, _NOW - timedelta(seconds=30)), leases.used(conn)

    assert await store.write(work) == (1, {("a", "chat"): 1, ("a", "image"): 1})


async def test_what_a_process_takes_after_it_was_taken_for_dead_goes_unless_it_shows_itself(store: Store) -> None:
    def work(conn: Connection) -> tuple[leases.Used, leases.Used]:
        _chat(conn, "l1", "overslept")
        leases.expire(conn, _NOW)
        soon = leases.used(conn)
        leases.expire(conn, _NOW + timedelta(seconds=1))
        return soon, leases.used(conn)

    assert await store.write(work) == ({("a", "chat"): 1}, {})


async def test_presence_shows_renews_and_ends(store: Store) -> None:
    def renewed(conn: Connection) -> int | None:
        return conn.exec_driver_sql("SELECT renewed_at FROM processes").scalar()

    presence = ProcessPresence(store, kind="api", renew=timedelta(milliseconds=20))
    await presence.start()
    first = await store.read(renewed)
    assert first is not None
    await store.write(lambda conn: _chat(conn, "l1", presence.process_id))

    async def again() -> bool:
        return await store.read(renewed) != first

    await until(again)
    await presence.aclose()
    assert await store.read(renewed) is None
    assert await store.read(leases.used) == {}


async def test_presence_clears_up_after_the_dead_once_it_has_been_awake_for_a_while(store: Store) -> None:
    long_ago = _NOW - timedelta(hours=1)

    def die(conn: Connection) -> None:
        leases.renew_process(conn, process_id="dead", kind="api", host="h", pid=1, now=long_ago)
        _chat(conn, "l1", "dead")

    await store.write(die)
    presence = ProcessPresence(store, kind="api", renew=timedelta(milliseconds=20))
    await presence.start()
    # The whole machine may have slept: at first everybody gets the time to renew.
    assert await store.read(leases.used) == {("a", "chat"): 1}

    async def cleared() -> bool:
        return not await store.read(leases.used)

    await until(cleared)
    await presence.aclose()


async def test_a_process_that_was_taken_for_dead_shows_again(store: Store) -> None:
    presence = ProcessPresence(store, kind="api", renew=timedelta(milliseconds=20))
    await presence.start()
    await store.write(lambda conn: leases.end_process(conn, presence.process_id))
    await until(lambda: store.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM processes").scalar()))
    await presence.aclose()
