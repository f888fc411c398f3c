"""Adding and removing accounts: proved first, and the older capture stays when anything fails."""

from __future__ import annotations

import asyncio
import os

import pytest
from sqlalchemy import Connection

from bridge.accounts import conversations
from bridge.accounts.account import Health
from bridge.accounts.captures import Captures
from bridge.accounts.events import AccountEvents
from bridge.accounts.outcomes import Attempt, Outcomes
from bridge.accounts.registry import Registry
from bridge.audit import AuditFilters, AuditLog
from bridge.store.engine import Store
from bridge.vault import Vault
from bridge.vault.captures import Removed
from core.clock import utc_now
from core.errors import (
    AuthExpiredError,
    AuthInvalidError,
    CaptureRejectedError,
    InvalidRequestError,
    NotFoundError,
    OtherLoginError,
    RateLimitedError,
    StoreError,
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


async def test_an_account_is_not_called_what_an_address_says_in_its_place(captures: Captures, vault: Vault) -> None:
    with pytest.raises(InvalidRequestError, match="word of the API") as caught:
        await captures.add("events", capture("free"), actor="test", verify=False)
    assert (caught.value.param, vault.aliases()) == ("account", [])


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


async def test_an_update_keeps_what_it_replaced_and_restoring_brings_it_back(
    captures: Captures, registry: Registry, vault: Vault
) -> None:
    await captures.add("a", capture("free"), actor="test")
    await captures.update("a", capture("plus"), actor="test")
    assert vault.read_previous("a") == capture("free")
    assert (await captures.restore("a", actor="test")).capabilities.plan == "free"
    account = await registry.account("a")
    assert (account.plan, vault.read_previous("a")) == ("free", capture("plus"))
    assert account.memory.capture_sha256 == account.capture_sha256


async def test_what_is_not_there_is_not_updated_and_not_restored(captures: Captures, vault: Vault) -> None:
    with pytest.raises(NotFoundError):
        await captures.update("a", capture(), actor="test")
    await captures.add("a", capture(), actor="test")
    with pytest.raises(NotFoundError):
        await captures.restore("a", actor="test")
    assert vault.aliases() == ["a"]


async def test_a_previous_capture_that_upstream_refuses_is_not_restored(
    captures: Captures, vault: Vault, provider: FakeProvider
) -> None:
    await captures.add("a", capture("free"), actor="test")
    await captures.update("a", capture("plus"), actor="test")
    provider.refusal = AuthInvalidError("no")
    with pytest.raises(AuthInvalidError):
        await captures.restore("a", actor="test")
    assert vault.read("a") == capture("plus")
    await captures.restore("a", actor="test", verify=False)
    assert vault.read("a") == capture("free")


async def test_another_login_has_to_be_said(captures: Captures, vault: Vault, provider: FakeProvider) -> None:
    await captures.add("a", capture("free", account_id="acc-1"), actor="test")
    other = capture("pro", account_id="acc-2")
    asked = len(provider.sessions)
    with pytest.raises(OtherLoginError, match="acc-1"):
        await captures.update("a", other, actor="test")
    assert (vault.read("a"), len(provider.sessions)) == (capture("free", account_id="acc-1"), asked)
    await captures.update("a", capture("plus", account_id="acc-1"), actor="test")
    await captures.update("a", other, actor="test", other_login=True)
    assert vault.read("a") == other


async def test_every_change_is_in_the_audit_log_and_among_the_events(captures: Captures, store: Store) -> None:
    await captures.add("a", capture("free"), actor="key_1")
    await captures.update("a", capture("plus"), actor="key_2")
    await captures.restore("a", actor="key_3")
    await captures.delete("a", actor="key_4")
    await captures.delete("a", actor="key_5")

    told = (await AuditLog(store).page(AuditFilters(subject="a"))).items
    happened = await AccountEvents(store).page("a")

    actions = ["account.deleted", "capture.restored", "capture.replaced", "capture.added"]
    assert [(one.action, one.actor) for one in told] == list(
        zip(actions, ["key_4", "key_3", "key_2", "key_1"], strict=True)
    )
    assert [event.type for event in happened] == actions
    assert told[2].before == {"plan": "free", "email": "a***z@example.com", "account_id": None}
    assert told[2].after == {"plan": "plus", "email": "a***z@example.com", "account_id": None, "verified": True}
    assert told[0].before is not None
    assert (told[0].before["plan"], told[0].before["state"]) == ("free", "enabled")


async def test_a_file_that_cannot_be_written_leaves_no_row_and_no_record(
    captures: Captures, store: Store, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    await captures.add("a", capture("free"), actor="test")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StoreError):
        await captures.update("a", capture("plus"), actor="test")
    monkeypatch.undo()
    assert vault.read("a") == capture("free")
    assert [one.action for one in (await AuditLog(store).page()).items] == ["capture.added"]


async def test_of_two_that_add_the_same_name_at_once_one_is_refused(captures: Captures, vault: Vault) -> None:
    wanted = [captures.add("a", capture(plan), actor="test") for plan in ("free", "plus")]
    done = await asyncio.gather(*wanted, return_exceptions=True)
    assert [type(one) for one in done if isinstance(one, Exception)] == [InvalidRequestError]
    assert vault.has_previous("a") is False


async def test_an_account_that_was_put_aside_is_restored_with_its_name(captures: Captures, registry: Registry) -> None:
    await captures.add("a", capture("free"), actor="test")
    assert (await captures.delete("a", actor="test", keep_capture=True)).kept is True
    assert await registry.snapshot() == ()
    await captures.restore("a", actor="test")
    assert [account.plan for account in await registry.snapshot()] == ["free"]


async def test_when_a_capture_was_stored_is_remembered_and_comes_back_with_it(
    captures: Captures, registry: Registry, vault: Vault
) -> None:
    before = utc_now()
    await captures.add("a", capture("free"), actor="test")
    added = (await registry.account("a")).memory.captured_at
    os.utime(vault._folder / "a" / "chatgpt-request.txt", (1_000_000_000, 1_000_000_000))
    await captures.update("a", capture("plus"), actor="test")
    updated = (await registry.account("a")).memory.captured_at
    await captures.restore("a", actor="test")
    restored = (await registry.account("a")).memory.captured_at
    assert added is not None
    assert updated is not None
    assert restored is not None
    assert before <= added <= updated
    assert restored.timestamp() == 1_000_000_000


class _Quota:
    """What else is remembered of logins."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def forget(self, conn: Connection, alias: str) -> None:
        self.told.append(("in the transaction", alias))

    def forgotten(self, alias: str) -> None:
        self.told.append(("afterwards", alias))


async def _remembers(registry: Registry, store: Store) -> None:
    """The account `a` cools down, was used, and has a conversation that sticks to it."""
    await registry.snapshot()
    outcomes = Outcomes(store, registry)
    await outcomes.report("a", None)
    await outcomes.report("a", RateLimitedError("slow"))
    await outcomes.report("a", AuthInvalidError("no"))
    await store.write(lambda conn: conversations.answered(conn, "me:talk", "a", utc_now()))


async def _knows(registry: Registry, store: Store) -> tuple[bool, bool, bool, Health]:
    account = await registry.account("a")
    talk = await store.read(lambda conn: conversations.account_of(conn, "me:talk"))
    return account.cooldown is not None, account.memory.last_success_at is not None, talk is not None, account.health


@pytest.mark.parametrize("way", ["delete and add", "folder removed by hand", "other login", "restore"])
async def test_of_another_login_under_the_same_name_nothing_is_known(
    store: Store, vault: Vault, provider: FakeProvider, registry: Registry, way: str
) -> None:
    quota = _Quota()
    captures = Captures(store, vault, provider, registry, quota)
    mine, other = capture("free", account_id="acc-1"), capture("pro", account_id="acc-2")
    await captures.add("a", mine, actor="test")
    if way == "restore":
        await captures.update("a", other, actor="test", other_login=True)
    await _remembers(registry, store)
    assert await _knows(registry, store) == (True, True, True, Health.AUTH_EXPIRED)
    quota.told.clear()

    if way == "delete and add":
        await captures.delete("a", actor="test")
        await captures.add("a", other, actor="test")
    elif way == "folder removed by hand":
        vault.delete("a")
        await captures.add("a", other, actor="test")
    elif way == "other login":
        await captures.update("a", other, actor="test", other_login=True)
    else:
        await captures.restore("a", actor="test")

    assert await _knows(registry, store) == (False, False, False, Health.OK)
    assert quota.told[-2:] == [("in the transaction", "a"), ("afterwards", "a")]


@pytest.mark.parametrize("other_login", [False, True])
async def test_a_newer_capture_of_the_same_login_keeps_what_is_the_logins(
    store: Store, vault: Vault, provider: FakeProvider, registry: Registry, other_login: bool
) -> None:
    quota = _Quota()
    captures = Captures(store, vault, provider, registry, quota)
    await captures.add("a", capture("free", account_id="acc-1"), actor="test")
    await _remembers(registry, store)
    quota.told.clear()
    newer = capture("plus", account_id="acc-1")
    await captures.update("a", newer, actor="test", other_login=other_login)

    assert await _knows(registry, store) == (True, True, True, Health.OK)
    assert quota.told == []


async def test_what_a_replaced_capture_still_meets_teaches_nothing(
    captures: Captures, registry: Registry, store: Store
) -> None:
    await captures.add("a", capture("free"), actor="test")
    old = Attempt(utc_now(), (await registry.account("a")).capture_sha256)
    await captures.update("a", capture("plus"), actor="test")
    await registry.snapshot()
    for error in (RateLimitedError("slow"), AuthInvalidError("no")):
        await Outcomes(store, registry).report("a", error, old)
    account = await registry.account("a")
    assert (account.cooldown, account.health) == (None, Health.OK)
