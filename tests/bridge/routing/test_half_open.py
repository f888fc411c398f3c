"""After a cooldown's end one request tries, in all processes together."""

from __future__ import annotations

import asyncio

import pytest

from bridge.accounts import cooldowns
from bridge.accounts.registry import Registry
from bridge.quota.book import QuotaBook
from bridge.quota.cooling import Cooldowns
from bridge.quota.keeper import QuotaKeeper
from bridge.routing.needs import Needs
from bridge.routing.pool import Pool
from bridge.store.engine import Store
from bridge.vault import Vault
from core.contracts.buckets import Bucket
from core.errors import AccountNotConfiguredError, AccountsBusyError, RateLimitedError
from tests.bridge.routing.conftest import OpenPool
from tests.fakes.provider import capture
from tests.fakes.waiting import until

_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))
_IMAGE = Needs(kind="image", buckets=(Bucket.IMAGE,))


async def _cooled(pool: Pool, vault: Vault) -> None:
    """The account `a` (three chats at once), whose cooldown has just ended."""
    vault.write("a", capture("plus"))
    await pool.report("a", RateLimitedError("slow", retry_after_seconds=1), _CHAT)
    await asyncio.sleep(1.1)


async def _is_free(pool: Pool) -> bool:
    try:
        async with asyncio.timeout(0.3), pool.chat(_CHAT):
            return True
    except (TimeoutError, AccountsBusyError):
        return False


async def test_one_request_tries_and_its_success_lets_everybody_in(open_pool: OpenPool, vault: Vault) -> None:
    one, other = await open_pool(), await open_pool()
    await _cooled(one, vault)

    async with one.chat(_CHAT):
        assert not await _is_free(one)
        assert not await _is_free(other)
    async with one.chat(_CHAT), one.chat(_CHAT), other.chat(_CHAT):
        pass


async def test_a_try_that_is_cancelled_teaches_nothing_and_the_next_one_tries(pool: Pool, vault: Vault) -> None:
    await _cooled(pool, vault)
    with pytest.raises(asyncio.CancelledError):
        async with pool.chat(_CHAT):
            raise asyncio.CancelledError
    async with pool.chat(_CHAT):
        assert not await _is_free(pool)


async def test_a_try_that_fails_begins_a_longer_cooldown(pool: Pool, vault: Vault, store: Store) -> None:
    await _cooled(pool, vault)
    with pytest.raises(RateLimitedError):
        async with pool.chat(_CHAT):
            raise RateLimitedError("slow")
    found = (await store.read(cooldowns.recall))["a"]["account"]
    assert (found.strikes, found.probe) == (2, None)
    assert 115 < (found.until - found.since).total_seconds() <= 120


async def test_an_operation_that_tries_holds_the_others_back_until_it_has_learnt(pool: Pool, vault: Vault) -> None:
    await _cooled(pool, vault)
    assert (await pool.reserve("op1", 1, _IMAGE)).account == "a"
    assert not await _is_free(pool)
    await pool.report("a", None, _IMAGE, began=None)
    # A success that began before the cooldown disproves nothing.
    assert not await _is_free(pool)


async def test_the_operator_ends_a_cooldown_and_it_is_written_down(
    pool: Pool, vault: Vault, store: Store, registry: Registry
) -> None:
    vault.write("a", capture("plus"))
    await pool.report("a", RateLimitedError("slow", retry_after_seconds=800), _CHAT)
    hands = Cooldowns(store, registry, QuotaKeeper(store, QuotaBook(), vault, history_days=30))
    (there,) = await hands.all()
    assert (there.account, there.cooldown.scope, there.cooldown.reason) == ("a", "account", "burst")
    assert (await hands.clear("a", "bucket:image", actor="me")).ended == ()
    assert (await hands.clear("a", actor="me")).ended == (there,)
    assert await hands.all() == []
    await until(lambda: _is_free(pool))
    entry = await store.read(lambda conn: conn.exec_driver_sql("SELECT actor, action, subject FROM audit").one())
    assert tuple(entry) == ("me", "cooldown.cleared", "a")
    with pytest.raises(AccountNotConfiguredError):
        await hands.clear("nobody", actor="me")
