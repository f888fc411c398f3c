"""What one process knows, and how several come to know the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from bridge.quota import rows
from bridge.quota.book import QuotaBook
from bridge.quota.keeper import QuotaKeeper
from bridge.store.engine import Store
from bridge.vault import Vault
from core.clock import utc_now
from core.errors import StoreError
from provider.interface.accounts import FeatureQuota, Limits, ModelLimit
from tests.fakes.provider import capture
from tests.fakes.waiting import until


def limits(image: float, *, model: str | None = None) -> Limits:
    resets = utc_now() + timedelta(hours=1)
    feature = FeatureQuota("image_gen", "available" if image else "exhausted", image, resets)
    return Limits({"image_gen": feature}, (ModelLimit(model, "mini", resets),) if model else (), "auto")


def left(book: QuotaBook, alias: str = "a") -> float | None:
    reading = book.account(alias).features.get("image_gen")
    return None if reading is None else reading.left


@asynccontextmanager
async def process(store: Store, vault: Vault) -> AsyncIterator[tuple[QuotaBook, QuotaKeeper]]:
    for alias in ("a", "b"):
        vault.write(alias, capture())
    book = QuotaBook()
    keeper = QuotaKeeper(store, book, vault, history_days=30)
    await keeper.start()
    try:
        yield book, keeper
    finally:
        await keeper.aclose()


def test_nothing_known_is_unknown_and_nothing_needed_is_enough() -> None:
    book = QuotaBook()
    assert book.judge("a", {"image_gen": 1}).status == "unknown"
    assert book.judge("a", {}).status == "sufficient"


def test_what_is_taken_is_counted_down_until_upstream_says_more() -> None:
    book = QuotaBook()
    book.told("a", limits(2), source="stream")
    book.spent("a", "image_gen")
    book.spent("a", "image_gen")
    assert book.judge("a", {"image_gen": 1}).status == "insufficient"

    book.told("a", limits(7), source="stream")
    assert book.judge("a", {"image_gen": 7}).status == "sufficient"


def test_what_is_taken_of_an_unknown_counter_stays_unknown() -> None:
    book = QuotaBook()
    book.spent("a", "image_gen")
    assert book.judge("a", {"image_gen": 1}).status == "unknown"


async def test_a_restart_remembers_readings_model_limits_and_what_was_taken(store: Store, vault: Vault) -> None:
    async with process(store, vault) as (book, _):
        book.told("a", limits(5, model="gpt-5-5"), source="probe")
        book.spent("a", "image_gen")
        before = book.account("a")

    async with process(store, vault) as (book, _):
        assert book.account("a") == before
        assert left(book) == 4


async def test_two_processes_add_up_what_they_took_and_believe_the_newer_reading(store: Store, vault: Vault) -> None:
    async with process(store, vault) as (one, keeper), process(store, vault) as (other, keeper_too):
        one.told("a", limits(9), source="probe")
        await keeper.settle()
        await keeper_too.settle()
        for book in (one, other, other):
            book.spent("a", "image_gen")
        for each in (keeper, keeper_too, keeper):
            await each.settle()
        assert (left(one), left(other)) == (6, 6)

        other.told("a", limits(3), source="stream")
        await keeper_too.settle()
        await keeper.settle()
        assert (left(one), left(other)) == (3, 3)


async def test_what_the_database_refuses_is_written_later(store: Store, vault: Vault) -> None:
    book = QuotaBook()
    book.told("a", limits(9), source="probe")
    change = book.take()
    assert change is not None
    book.spent("a", "image_gen")
    book.put_back(change)

    again = book.take()
    assert again is not None
    await store.write(lambda conn: rows.keep(conn, again))
    remembered = await store.read(rows.recall)
    assert remembered is not None
    assert remembered.accounts["a"].features["image_gen"].left == 8
    assert book.take() is None


async def test_a_closed_database_loses_nothing_that_is_known(store: Store, vault: Vault) -> None:
    book = QuotaBook()
    keeper = QuotaKeeper(store, book, vault, history_days=30)
    await keeper.start()
    book.told("a", limits(9), source="probe")
    await store.aclose()
    with pytest.raises(StoreError):
        await keeper.settle()
    await keeper.aclose()
    assert left(book) == 9
    assert book.take() is not None


async def test_only_readings_that_differ_become_history(store: Store, vault: Vault) -> None:
    async with process(store, vault) as (book, keeper):
        for image in (5, 5, 4, 4, 4):
            book.told("a", limits(image), source="stream")
        book.refused("a", "image_gen", retry_after_seconds=60)
        await keeper.settle()
        found = await keeper.history(accounts=("a",), since=utc_now() - timedelta(minutes=1), limit=10)
        assert [(one.status, one.remaining) for _, one in found] == [("available", 5), ("available", 4), ("blocked", 0)]
        assert await keeper.history(accounts=("b",), since=utc_now() - timedelta(minutes=1), limit=10) == []

        await store.write(lambda conn: rows.forget_history(conn, utc_now()))
        assert await keeper.history(since=utc_now() - timedelta(minutes=1), limit=10) == []


async def test_an_account_that_is_gone_is_forgotten_by_every_process(store: Store, vault: Vault) -> None:
    async with process(store, vault) as (one, keeper), process(store, vault) as (other, keeper_too):
        one.told("a", limits(9), source="probe")
        one.told("b", limits(9), source="probe")
        await keeper.settle()
        await keeper_too.settle()
        await store.write(lambda conn: rows.forget(conn, ("a",)))
        await keeper.settle()
        await keeper_too.settle()
        assert one.aliases == other.aliases == {"b"}


async def test_a_process_shares_what_it_learns_by_itself_and_forgets_accounts_without_a_capture(
    store: Store, vault: Vault
) -> None:
    async with process(store, vault) as (one, _), process(store, vault) as (other, _):
        one.told("a", limits(9), source="probe")
        one.told("gone", limits(9), source="probe")

        async def shared() -> bool:
            return one.aliases == other.aliases == {"a"}

        await until(shared)
        assert left(other) == 9
