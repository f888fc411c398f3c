"""The live list: what changes anywhere counts from the next look on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import Connection

from bridge.accounts import memory
from bridge.accounts.account import Account, Health
from bridge.accounts.buckets import BucketLimits
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from bridge.vault import Vault
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import (
    AccountNotConfiguredError,
    AuthExpiredError,
    CaptureRejectedError,
    CaptureUnreadableError,
    InternalError,
)
from tests.fakes.provider import FakeProvider, capture
from tests.fakes.waiting import until


def _aliases(accounts: Sequence[Account]) -> list[str]:
    return [account.alias for account in accounts]


async def test_no_capture_is_an_empty_pool(registry: Registry) -> None:
    assert await registry.snapshot() == ()
    with pytest.raises(AccountNotConfiguredError):
        await registry.account("free")


async def test_an_account_shows_its_plan_its_slots_and_its_capture(registry: Registry, vault: Vault) -> None:
    vault.write("mine", capture("pro"))
    account = await registry.account("mine")
    assert account.plan == "pro"
    assert account.slots(Bucket.CHAT) == 4
    assert "gpt-5-5-pro" in account.capabilities.models
    assert len(account.capture_sha256) == 64
    assert account.error is None
    assert account.health is Health.OK


async def test_accounts_that_come_change_and_go_count_at_once_and_only_they_are_read(
    registry: Registry, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("b", capture("plus"))
    assert _aliases(await registry.snapshot()) == ["b"]
    vault.write("a", capture("free"))
    assert _aliases(await registry.snapshot()) == ["a", "b"]
    assert provider.inspected == 2
    vault.write("b", capture("pro"))
    assert [account.plan for account in await registry.snapshot()] == ["free", "pro"]
    assert provider.inspected == 3
    vault.delete("a")
    assert _aliases(await registry.snapshot()) == ["b"]
    assert provider.inspected == 3


async def test_files_are_looked_at_now_and_then_and_what_this_process_changed_at_once(
    store: Store, vault: Vault, provider: FakeProvider
) -> None:
    registry = Registry(store, vault, provider, BucketLimits({}), capture_seconds=0.2)
    vault.write("a", capture("free"))
    assert _aliases(await registry.snapshot()) == ["a"]
    vault.write("b", capture("plus"))
    assert _aliases(await registry.snapshot()) == ["a"]
    registry.changed()
    assert _aliases(await registry.snapshot()) == ["a", "b"]

    vault.delete("a")
    for _ in range(100):
        if _aliases(await registry.snapshot()) == ["b"]:
            break
        await asyncio.sleep(0.01)
    assert _aliases(registry.latest) == ["b"]


async def test_an_unchanged_pool_is_looked_at_in_microseconds(
    store: Store, vault: Vault, provider: FakeProvider
) -> None:
    registry = Registry(store, vault, provider, BucketLimits({}))
    for number in range(10):
        vault.write(f"a{number}", capture())
    first = await registry.snapshot()
    started = time.perf_counter()
    for _ in range(200):
        assert await registry.snapshot() is first
    # About one microsecond each; the bound leaves room for a busy machine.
    assert (time.perf_counter() - started) / 200 < 0.0005
    assert provider.inspected == 10


async def test_the_configured_pool_decides_who_and_in_which_order(
    store: Store, vault: Vault, provider: FakeProvider
) -> None:
    for alias in ("a", "b", "c"):
        vault.write(alias, capture())
    chosen = Registry(store, vault, provider, BucketLimits({}), pool=("c", "missing", "a"))
    accounts = await chosen.snapshot()
    assert _aliases(accounts) == ["c", "missing", "a"]
    assert isinstance(accounts[1].error, AccountNotConfiguredError)
    first = Registry(store, vault, provider, BucketLimits({}), first="b")
    assert _aliases(await first.snapshot()) == ["b", "a", "c"]
    unknown = Registry(store, vault, provider, BucketLimits({}), first="nobody")
    assert _aliases(await unknown.snapshot()) == ["a", "b", "c"]


async def test_one_bad_capture_never_breaks_the_others(registry: Registry, vault: Vault) -> None:
    for alias, text in (
        ("bad", capture("free", missing=["authorization"])),
        ("good", capture("plus")),
        ("noise", "not a capture"),
        ("old", capture("plus", missing=["token_expiry"])),
        ("sealed", "x"),
    ):
        vault.write(alias, text)
    (vault._folder / "sealed" / "chatgpt-request.txt").write_text(
        "enc:v1:" + Fernet(Fernet.generate_key()).encrypt(b"x").decode()
    )
    errors = {account.alias: type(account.error) for account in await registry.snapshot()}
    assert errors == {
        "bad": CaptureRejectedError,
        "good": type(None),
        "noise": CaptureRejectedError,
        "old": AuthExpiredError,
        "sealed": CaptureUnreadableError,
    }


async def test_a_fault_of_ours_in_one_capture_leaves_the_others(
    registry: Registry, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("good", capture("plus"))
    vault.write("odd", capture("plus", missing=5))
    errors = {account.alias: type(account.error) for account in await registry.snapshot()}
    assert errors == {"good": type(None), "odd": InternalError}


async def test_a_capture_becomes_readable_when_its_key_comes_back(registry: Registry, vault: Vault) -> None:
    vault.write("a", capture())
    key = vault._folder / ".master.key"
    right = key.read_bytes()
    key.write_bytes(Fernet.generate_key())
    assert isinstance((await registry.account("a")).error, CaptureUnreadableError)
    key.unlink()
    key.write_bytes(right)
    assert (await registry.account("a")).error is None


async def test_what_another_process_learns_is_seen_within_a_second(
    registry: Registry, vault: Vault, database_url: str
) -> None:
    vault.write("a", capture())
    account = await registry.account("a")
    elsewhere = Store.open(database_url)

    def learn(conn: Connection) -> None:
        values = {"health": Health.CHALLENGE.value, "capture_sha256": account.capture_sha256}
        memory.remember(conn, "a", utc_now(), **values)
        memory.bump(conn)

    await elsewhere.write(learn)

    async def challenged() -> bool:
        return (await registry.account("a")).health is Health.CHALLENGE

    await until(challenged, seconds=1)
    # A fresh capture is not the one that was challenged.
    vault.write("a", capture("pro"))
    assert (await registry.account("a")).health is Health.OK
    await elsewhere.aclose()


async def test_a_change_during_a_look_is_not_overlooked(registry: Registry, vault: Vault, store: Store) -> None:
    vault.write("a", capture())
    await registry.snapshot()

    async def change(number: int) -> None:
        def write(conn: Connection) -> None:
            memory.remember(conn, "a", utc_now(), note=f"r{number}")
            memory.bump(conn)

        await store.write(write)
        registry.changed()
        assert (await registry.account("a")).memory.note >= f"r{number}"

    for number in range(9):
        await asyncio.gather(change(number), registry.snapshot(), registry.snapshot())
