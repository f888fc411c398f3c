"""One kept-open session an account, closed when the account is not to be used any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from bridge.accounts.changes import AccountChanges
from bridge.accounts.outcomes import Outcomes
from bridge.accounts.registry import Registry
from bridge.routing.sessions import Sessions
from bridge.store.engine import Store
from bridge.vault import Vault
from core.errors import (
    AccountQuarantinedError,
    BrowserCheckRequiredError,
    CaptureRejectedError,
    CaptureUnreadableError,
    RateLimitedError,
)
from tests.fakes.provider import FakeProvider, FakeSession, capture


@pytest.fixture
async def sessions(registry: Registry, vault: Vault, provider: FakeProvider) -> AsyncIterator[Sessions]:
    opened = Sessions(registry, vault, provider)
    yield opened
    await opened.aclose()


async def test_many_first_users_open_one_session(
    sessions: Sessions, registry: Registry, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("a", capture())
    account = await registry.account("a")
    kept = await asyncio.gather(*(sessions.enter(account) for _ in range(10)))
    assert len(set(map(id, kept))) == 1
    assert len(provider.sessions) == 1


async def _quarantine(registry: Registry, vault: Vault, store: Store) -> None:
    await registry.snapshot()
    await Outcomes(store, registry).report("a", BrowserCheckRequiredError("stop", reason="unusual_activity"))


async def _delete(_registry: Registry, vault: Vault, _store: Store) -> None:
    vault.delete("a")


async def _replace(_registry: Registry, vault: Vault, _store: Store) -> None:
    vault.write("a", capture("pro"))


@pytest.mark.parametrize("change", [_quarantine, _delete, _replace])
async def test_a_session_that_must_not_be_used_drains_and_is_closed(
    sessions: Sessions,
    registry: Registry,
    vault: Vault,
    store: Store,
    provider: FakeProvider,
    change: Callable[[Registry, Vault, Store], Awaitable[None]],
) -> None:
    vault.write("a", capture())
    kept = await sessions.enter(await registry.account("a"))
    await change(registry, vault, store)
    sessions.tend(await registry.snapshot())
    await asyncio.sleep(0)
    assert not provider.sessions[0].closed
    sessions.leave(kept)
    await asyncio.sleep(0)
    assert provider.sessions[0].closed


async def test_the_session_of_an_account_in_quarantine_asks_nothing_more(
    sessions: Sessions, registry: Registry, vault: Vault, store: Store, provider: FakeProvider
) -> None:
    vault.write("a", capture())
    kept = await sessions.enter(await registry.account("a"))
    await _quarantine(registry, vault, store)
    sessions.tend(await registry.snapshot())
    assert isinstance(provider.sessions[0].halted, AccountQuarantinedError)
    sessions.leave(kept)


@pytest.mark.parametrize("state", ["paused", "cooling"])
async def test_an_account_that_rests_fetches_nothing_ahead(
    sessions: Sessions, registry: Registry, vault: Vault, store: Store, provider: FakeProvider, state: str
) -> None:
    vault.write("a", capture())
    await sessions.enter(await registry.account("a"))
    if state == "paused":
        await AccountChanges(store, registry).change("a", "test", state=state)
    else:
        await Outcomes(store, registry).report("a", RateLimitedError("slow", retry_after_seconds=60))
    sessions.tend(await registry.snapshot())
    session = provider.sessions[0]
    assert (session.paused, session.halted, session.closed) == (True, None, False)


async def test_a_healthy_session_is_left_alone(
    sessions: Sessions, registry: Registry, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("a", capture())
    account = await registry.account("a")
    sessions.leave(await sessions.enter(account))
    sessions.tend(await registry.snapshot())
    assert (await sessions.enter(account)).session is provider.sessions[0]
    assert (provider.sessions[0].closed, provider.sessions[0].paused) == (False, False)


async def test_a_capture_that_cannot_be_opened_opens_nothing(
    sessions: Sessions, registry: Registry, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("a", capture())
    account = await registry.account("a")
    (vault._folder / ".master.key").unlink()
    with pytest.raises(CaptureUnreadableError):
        await sessions.enter(account)
    assert provider.sessions == []


async def test_one_session_that_fails_to_close_does_not_keep_the_others_open(
    registry: Registry, vault: Vault, provider: FakeProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = Sessions(registry, vault, provider)
    for alias in ("a", "b"):
        vault.write(alias, capture())
        await sessions.enter(await registry.account(alias))
    original = FakeSession.aclose

    async def fail(self: FakeSession) -> None:
        if self.alias == "a":
            raise CaptureRejectedError("no", reason="x")
        await original(self)

    monkeypatch.setattr(FakeSession, "aclose", fail)
    await sessions.aclose()
    assert [session.closed for session in provider.sessions] == [False, True]
