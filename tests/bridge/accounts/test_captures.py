"""Adding and removing accounts: proved first, and the older capture stays when anything fails."""

from __future__ import annotations

import pytest

from bridge.accounts.account import Health
from bridge.accounts.captures import Captures
from bridge.accounts.outcomes import Outcomes
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from bridge.vault import Vault
from bridge.vault.captures import Removed
from core.errors import (
    AuthExpiredError,
    AuthInvalidError,
    CaptureRejectedError,
    InvalidRequestError,
    RateLimitedError,
    VaultKeyError,
)
from tests.fakes.provider import FakeProvider, capture


@pytest.fixture
def captures(store: Store, vault: Vault, provider: FakeProvider, registry: Registry) -> Captures:
    return Captures(store, vault, provider, registry)


async def test_an_added_account_counts_at_once_and_lies_encrypted(
    captures: Captures, registry: Registry, vault: Vault
) -> None:
    inspection = await captures.add("  plus ", capture("plus"), actor="test", verify=False)
    assert inspection.capabilities.plan == "plus"
    assert [account.alias for account in await registry.snapshot()] == ["plus"]
    assert (vault._folder / "plus" / "chatgpt-request.txt").read_text().startswith("enc:v1:")


async def test_whoever_waits_for_accounts_is_told(captures: Captures, registry: Registry) -> None:
    told: list[bool] = []
    registry.on_changed = lambda: told.append(True)
    await captures.add("a", capture(), actor="test", verify=False)
    await captures.delete("a", actor="test")
    assert len(told) == 2


async def test_an_account_is_replaced_only_on_purpose(captures: Captures, vault: Vault) -> None:
    await captures.add("a", capture("free"), actor="test", verify=False)
    with pytest.raises(InvalidRequestError) as caught:
        await captures.add("a", capture("pro"), actor="test", verify=False)
    assert caught.value.param == "account"
    assert vault.read("a") == capture("free")
    await captures.update("a", capture("pro"), actor="test", verify=False)
    assert vault.read("a") == capture("pro")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("not a capture", CaptureRejectedError),
        (capture("plus", missing=["cookies"]), CaptureRejectedError),
        (capture("plus", missing=["token_expiry"]), AuthExpiredError),
    ],
)
async def test_a_capture_that_fails_its_checks_writes_nothing(
    captures: Captures, vault: Vault, text: str, error: type[Exception]
) -> None:
    await captures.add("a", capture("free"), actor="test", verify=False)
    for save, alias in ((captures.update, "a"), (captures.add, "new")):
        with pytest.raises(error):
            await save(alias, text, actor="test", verify=False)
    assert vault.aliases() == ["a"]
    assert vault.read("a") == capture("free")


async def test_a_capture_that_upstream_refuses_replaces_nothing(
    captures: Captures, vault: Vault, provider: FakeProvider
) -> None:
    await captures.add("a", capture("free"), actor="test", verify=True)
    provider.refusal = AuthInvalidError("no")
    with pytest.raises(AuthInvalidError):
        await captures.update("a", capture("pro"), actor="test")
    assert vault.read("a") == capture("free")
    assert [session.closed for session in provider.sessions] == [True, True]


async def test_a_fresh_capture_clears_the_quarantine_but_not_the_cooldown(
    captures: Captures, registry: Registry, store: Store
) -> None:
    await captures.add("a", capture("free"), actor="test", verify=False)
    outcomes = Outcomes(store, registry)
    await registry.snapshot()
    await outcomes.report("a", RateLimitedError("slow"))
    await outcomes.report("a", AuthInvalidError("no"))
    assert (await registry.account("a")).health is Health.AUTH_EXPIRED
    await captures.update("a", capture("plus"), actor="test", verify=False)
    account = await registry.account("a")
    assert account.health is Health.OK
    assert account.cooldown is not None


async def test_deleting_says_whether_there_was_one(captures: Captures, registry: Registry, vault: Vault) -> None:
    await captures.add("a", capture(), actor="test", verify=False)
    assert await captures.delete("a", actor="test") == Removed(capture=True, folder=True)
    assert await registry.snapshot() == ()
    assert vault.aliases() == []
    assert await captures.delete("a", actor="test") == Removed()
    with pytest.raises(InvalidRequestError):
        await captures.delete("../a", actor="test")


async def test_a_process_with_another_key_locks_no_account_away(
    store: Store, vault: Vault, provider: FakeProvider, registry: Registry, captures: Captures
) -> None:
    await captures.add("a", capture(), actor="test", verify=False)
    strange = Captures(store, Vault(vault._folder, "another key"), provider, registry)
    with pytest.raises(VaultKeyError):
        await strange.add("b", capture(), actor="test", verify=False)
    assert vault.aliases() == ["a"]
