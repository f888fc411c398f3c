"""Holding an account for a chat: in order, within the limits, and nothing leaks."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest

from bridge.accounts import conversations, leases
from bridge.routing.needs import Needs
from bridge.routing.pool import Pool
from bridge.store.engine import Store
from bridge.vault import Vault
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.routing import Strategy
from core.errors import (
    AccountNotConfiguredError,
    AccountsBusyError,
    AuthInvalidError,
    BridgeError,
    NoEligibleAccountError,
    RateLimitedError,
    ShuttingDownError,
    UnsupportedModelError,
)
from tests.bridge.routing.conftest import OpenPool
from tests.fakes.provider import FakeProvider, capture
from tests.fakes.waiting import until

_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))


async def _free(store: Store) -> None:
    """Until every slot is given back."""

    async def free() -> bool:
        return not await store.read(leases.used)

    await until(free)


async def _waiting(pool: Pool, count: int) -> None:
    async def waiting() -> bool:
        return len(pool._slots._queue) == count

    await until(waiting)


async def test_a_chat_holds_a_slot_while_it_lasts(pool: Pool, vault: Vault, store: Store) -> None:
    vault.write("a", capture())
    async with pool.chat(_CHAT) as held:
        assert held.alias == "a"
        assert await store.read(leases.used) == {("a", "chat"): 1}
    await _free(store)


async def test_chats_share_one_session_an_account(pool: Pool, vault: Vault, provider: FakeProvider) -> None:
    vault.write("a", capture())
    async with pool.chat(_CHAT) as one, pool.chat(_CHAT) as two:
        assert one.session is two.session
    async with pool.chat(_CHAT) as three:
        assert three.session is one.session
    assert len(provider.sessions) == 1


async def test_the_next_account_serves_when_the_first_is_full(pool: Pool, vault: Vault) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture("free"))
    async with pool.chat(_CHAT) as one, pool.chat(_CHAT) as two:
        assert (one.alias, two.alias) == ("a", "b")


async def test_an_account_added_by_hand_serves_the_next_request(pool: Pool, vault: Vault) -> None:
    with pytest.raises(AccountNotConfiguredError):
        async with pool.chat(_CHAT):
            pass
    vault.write("a", capture())
    async with pool.chat(_CHAT) as held:
        assert held.alias == "a"


async def test_why_nobody_can_serve_is_told_apart(pool: Pool, vault: Vault) -> None:
    async def refusal(needs: Needs, **how: object) -> BridgeError:
        with pytest.raises(BridgeError) as caught:
            async with pool.chat(needs, **how):  # type: ignore[arg-type]
                pass
        return caught.value

    vault.write("a", capture("free"))
    unknown = await refusal(_CHAT.model_copy(update={"accounts": ("x",)}))
    assert isinstance(unknown, AccountNotConfiguredError)
    assert "x" in unknown.message
    assert isinstance(await refusal(_CHAT.model_copy(update={"slug": "gpt-5-5"})), UnsupportedModelError)
    tried = await refusal(_CHAT, exclude={"a"})
    assert isinstance(tried, NoEligibleAccountError)
    assert "(already_tried)" in tried.message
    await pool.report("a", RateLimitedError("x", retry_after_seconds=40))
    cooling = await refusal(_CHAT)
    assert isinstance(cooling, NoEligibleAccountError)
    assert 30 < (cooling.retry_after_seconds or 0) <= 40
    await pool.report("a", AuthInvalidError("x"))
    somebody = await refusal(_CHAT)
    assert isinstance(somebody, NoEligibleAccountError)
    assert somebody.retry_after_seconds is None
    assert "auth_expired" in somebody.message


async def test_an_error_that_leaves_the_block_is_held_against_the_account(pool: Pool, vault: Vault) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture())
    with pytest.raises(AuthInvalidError):
        async with pool.chat(_CHAT) as held:
            raise AuthInvalidError("no")
    assert held.alias == "a"
    async with pool.chat(_CHAT) as held:
        assert held.alias == "b"
    vault.write("a", capture("pro"))
    async with pool.chat(_CHAT) as held:
        assert held.alias == "a"


async def test_what_another_process_learnt_counts_when_the_slot_is_taken(open_pool: OpenPool, vault: Vault) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture())
    one, two = await open_pool(), await open_pool()
    async with one.chat(_CHAT) as held:
        assert held.alias == "a"
    await two.report("a", AuthInvalidError("no"))
    async with one.chat(_CHAT) as held:
        assert held.alias == "b"


async def test_who_answered_before_is_preferred_and_only_preferred(pool: Pool, vault: Vault) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture("free"))
    async with pool.chat(_CHAT) as blocking:
        async with pool.chat(_CHAT, affinity="k") as held:
            assert (blocking.alias, held.alias) == ("a", "b")
    async with pool.chat(_CHAT, affinity="k") as held:
        assert held.alias == "b"
        async with pool.chat(_CHAT, affinity="k") as other:
            assert other.alias == "a"
    async with pool.chat(_CHAT, affinity="other") as held:
        assert held.alias == "a"


async def test_those_in_line_are_served_in_order_as_slots_come_free(pool: Pool, vault: Vault) -> None:
    vault.write("a", capture("free"))
    order: list[int] = []

    async def chat(number: int) -> None:
        async with pool.chat(_CHAT):
            order.append(number)
            await asyncio.sleep(0.01)

    async with pool.chat(_CHAT):
        tasks = []
        for number in range(5):
            tasks.append(asyncio.create_task(chat(number)))
            await _waiting(pool, number + 1)
        assert order == []
    await asyncio.gather(*tasks)
    assert order == [0, 1, 2, 3, 4]


async def test_whoever_can_be_served_passes_those_who_cannot(pool: Pool, vault: Vault) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture("free"))
    only_a = _CHAT.model_copy(update={"accounts": ("a",)})

    async def chat() -> str:
        async with pool.chat(only_a) as held:
            return held.alias

    async with pool.chat(only_a):
        waiting = asyncio.create_task(chat())
        await _waiting(pool, 1)
        async with pool.chat(_CHAT) as held:
            assert held.alias == "b"
        assert not waiting.done()
    assert await waiting == "a"


async def test_a_slot_that_another_process_frees_is_seen_soon(open_pool: OpenPool, vault: Vault) -> None:
    vault.write("a", capture("free"))
    one, two = await open_pool(), await open_pool()
    async with one.chat(_CHAT):
        waiting = asyncio.create_task(two.chat(_CHAT).__aenter__())
        await _waiting(two, 1)
    freed = time.monotonic()
    await waiting
    assert time.monotonic() - freed < 0.5


async def test_patience_ends_with_busy_and_a_time_to_come_back(open_pool: OpenPool, vault: Vault) -> None:
    vault.write("a", capture("free"))
    pool = await open_pool(patience=0.05)
    async with pool.chat(_CHAT):
        with pytest.raises(AccountsBusyError) as caught:
            async with pool.chat(_CHAT):
                pass
    assert caught.value.message == (
        "no slot is free for this: a: its one slot for chat is taken (busy) (nothing changed within 0.05 s)"
    )
    assert (caught.value.retry_after_seconds, caught.value.route) == (5, "auto; passed=a:busy")
    assert len(pool._slots._queue) == 0


async def test_who_waits_is_told_to_come_back_when_another_account_cools_no_more(
    open_pool: OpenPool, vault: Vault
) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture("free"))
    pool = await open_pool(patience=0.05)
    await pool.report("b", RateLimitedError("slow", retry_after_seconds=3), _CHAT)
    async with pool.chat(_CHAT):
        with pytest.raises(AccountsBusyError, match="b: upstream told it to slow down") as caught:
            async with pool.chat(_CHAT):
                pass
    assert 2 < (caught.value.retry_after_seconds or 0) <= 3


async def test_a_full_line_refuses_at_once(open_pool: OpenPool, vault: Vault) -> None:
    vault.write("a", capture("free"))
    pool = await open_pool(limit=1)
    async with pool.chat(_CHAT):
        waiting = asyncio.create_task(pool.chat(_CHAT).__aenter__())
        await _waiting(pool, 1)
        with pytest.raises(AccountsBusyError, match="a: its one slot for chat is taken .* .1 wait already") as caught:
            async with pool.chat(_CHAT):
                pass
        assert caught.value.route == "auto; passed=a:busy"
        with pytest.raises(UnsupportedModelError):
            async with pool.chat(_CHAT.model_copy(update={"slug": "gpt-nonsense"})):
                pass
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        assert len(pool._slots._queue) == 0


async def test_those_in_line_hear_when_nobody_can_serve_them_any_more(pool: Pool, vault: Vault) -> None:
    vault.write("a", capture("free"))
    first = pool.chat(_CHAT)
    await first.__aenter__()
    waiting = asyncio.create_task(pool.chat(_CHAT).__aenter__())
    await _waiting(pool, 1)
    refusal = AuthInvalidError("no")
    await first.__aexit__(type(refusal), refusal, None)
    with pytest.raises(NoEligibleAccountError, match="auth_expired"):
        await waiting


async def test_cancelled_callers_leave_no_slot_behind(pool: Pool, vault: Vault, store: Store) -> None:
    vault.write("a", capture())

    async def chat() -> None:
        async with pool.chat(_CHAT):
            await asyncio.sleep(0.002)

    # Cancelled at every stage: before, during and after the transaction, in line, and inside the block.
    for pause in range(40):
        tasks = [asyncio.create_task(chat()) for _ in range(8)]
        await asyncio.sleep(pause / 20_000)
        for task in tasks[::2]:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    await _free(store)
    async with pool.chat(_CHAT), pool.chat(_CHAT), pool.chat(_CHAT):
        pass


async def test_limits_hold_while_many_chats_of_several_processes_race(
    open_pool: OpenPool, vault: Vault, store: Store
) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture("plus"))
    pools = [await open_pool(patience=20) for _ in range(3)]
    running = {"a": 0, "b": 0}
    most = dict(running)

    async def chat(pool: Pool) -> None:
        async with pool.chat(_CHAT) as held:
            running[held.alias] += 1
            most[held.alias] = max(most[held.alias], running[held.alias])
            # Long enough for the others to take what is left.
            await asyncio.sleep(0.01)
            running[held.alias] -= 1

    await asyncio.gather(*(chat(pools[number % 3]) for number in range(150)))
    assert most == {"a": 3, "b": 3}
    await _free(store)


async def test_a_changed_capture_gets_a_new_session_and_the_old_one_drains(
    pool: Pool, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("a", capture("plus"))
    async with pool.chat(_CHAT) as old:
        vault.write("a", capture("pro"))
        async with pool.chat(_CHAT) as new:
            assert new.session is not old.session
        assert not provider.sessions[0].closed
    await asyncio.sleep(0)
    assert [session.closed for session in provider.sessions] == [True, False]


async def test_a_capture_that_goes_in_the_wrong_moment_passes_the_account_over(
    pool: Pool, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture())
    original = Vault.read

    def read(self: Vault, alias: str) -> str:
        if alias == "a":
            raise AccountNotConfiguredError("gone")
        return original(self, alias)

    await pool._registry.snapshot()
    monkeypatch.setattr(Vault, "read", read)
    async with pool.chat(_CHAT) as held:
        assert held.alias == "b"


async def test_closing_sends_those_in_line_away_and_closes_sessions(
    open_pool: OpenPool, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("a", capture("free"))
    pool = await open_pool()
    async with pool.chat(_CHAT):
        waiting = asyncio.create_task(pool.chat(_CHAT).__aenter__())
        await _waiting(pool, 1)
        await pool.aclose()
        with pytest.raises(ShuttingDownError):
            await waiting
    assert [session.closed for session in provider.sessions] == [True]


async def test_a_sticky_conversation_keeps_its_account_in_every_process_and_over_restarts(
    open_pool: OpenPool, vault: Vault, store: Store
) -> None:
    for alias in ("a", "b"):
        vault.write(alias, capture())
    sticky = _CHAT.model_copy(update={"strategy": Strategy.STICKY})
    async with (await open_pool()).chat(sticky.model_copy(update={"accounts": ("b",)}), affinity="me:talk") as held:
        assert held.alias == "b"

    async def kept() -> object:
        return await store.read(lambda conn: conversations.account_of(conn, "me:talk"))

    await until(kept)
    other = await open_pool()
    async with other.chat(sticky, affinity="me:talk") as held:
        assert held.alias == "b"
    assert (await other.explain(sticky, affinity="me:talk")).account == "b"
    async with other.chat(sticky, affinity="me:another") as held:
        assert held.alias == "a"
    async with other.chat(_CHAT, affinity="me:talk") as held:
        assert held.alias == "b"
    async with (await open_pool()).chat(_CHAT, affinity="me:talk") as held:
        # Under the other strategies it is a preference of the process alone.
        assert held.alias == "a"


async def test_conversations_that_ended_long_ago_are_forgotten(store: Store) -> None:
    long_ago = utc_now() - conversations.KEPT - timedelta(days=1)
    await store.write(lambda conn: conversations.answered(conn, "me:old", "a", long_ago))
    await store.write(lambda conn: conversations.answered(conn, "me:new", "a", utc_now()))
    kept = await store.read(lambda conn: [conversations.account_of(conn, key) for key in ("me:old", "me:new", None)])
    assert kept == [None, "a", None]
