"""What the operator says of an account counts at once, is checked, and is written down."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.accounts.account import AccountState
from bridge.accounts.buckets import BucketLimits
from bridge.accounts.changes import AccountChanges
from bridge.accounts.events import AccountEvents
from bridge.accounts.registry import Registry
from bridge.audit import AuditFilters, AuditLog
from bridge.store.engine import Store
from bridge.vault import Vault
from core.errors import InvalidRequestError, NotFoundError
from tests.fakes.provider import FakeProvider, capture


@pytest.fixture
def changes(store: Store, vault: Vault, registry: Registry) -> AccountChanges:
    vault.write("a", capture("plus"))
    return AccountChanges(store, registry)


async def test_what_is_named_changes_and_the_rest_stays(changes: AccountChanges) -> None:
    first = await changes.change("a", "test", weight=3, tags=["work", "spare", "work"], note=" mine ")
    second = await changes.change("a", "test", state="draining", reason="moving house")
    assert (first.memory.weight, first.memory.tags, first.memory.note) == (3, ("work", "spare"), "mine")
    assert (second.memory.weight, second.memory.tags, second.memory.note) == (3, ("work", "spare"), "mine")
    assert (second.state, second.memory.state_reason) == (AccountState.DRAINING, "moving house")
    assert (await changes.change("a", "test", weight=None)).memory.weight is None


async def test_a_reason_goes_with_its_state(changes: AccountChanges) -> None:
    await changes.change("a", "test", state=AccountState.PAUSED, reason="holiday")
    again = await changes.change("a", "test", state="paused")
    assert again.memory.state_reason == "holiday"
    woken = await changes.change("a", "test", state="enabled")
    assert (woken.state, woken.memory.state_reason) == (AccountState.ENABLED, "")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"state": "asleep"}, "state"),
        ({"weight": 0}, "weight"),
        ({"weight": 101}, "weight"),
        ({"tags": ["Work"]}, "tags"),
        ({"tags": [""]}, "tags"),
        ({"tags": ["x" * 33]}, "tags"),
        ({"tags": [f"t{number}" for number in range(17)]}, "tags"),
        ({"note": "x" * 501}, "note"),
        ({"reason": "x" * 201}, "reason"),
        ({"note": "bell\a"}, "note"),
    ],
)
async def test_what_is_not_allowed_is_named_and_changes_nothing(
    changes: AccountChanges, registry: Registry, change: dict[str, Any], param: str
) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await changes.change("a", "test", **{"note": "kept out", **change})
    assert caught.value.param == param
    assert (await registry.account("a")).memory.note == ""


async def test_the_limits_themselves_are_allowed(changes: AccountChanges) -> None:
    tags = [f"{number:x<32}" for number in range(16)]
    account = await changes.change("a", "test", weight=100, tags=tags, note="x" * 500, reason="y" * 200)
    assert (account.memory.weight, account.memory.tags, len(account.memory.note)) == (100, tuple(tags), 500)


async def test_an_account_that_is_not_there_is_not_changed(changes: AccountChanges) -> None:
    with pytest.raises(NotFoundError):
        await changes.change("b", "test", state="paused")


async def test_a_change_is_told_with_what_was_before_and_no_change_is_not(
    changes: AccountChanges, store: Store
) -> None:
    await changes.change("a", "key_1", state="paused", reason="holiday", note="mine")
    await changes.change("a", "key_1", state="paused", note="mine")
    await changes.change("a", "key_2", state="enabled")
    await changes.change("a", "key_2", weight=5)

    told = (await AuditLog(store).page(AuditFilters(action="account."))).items
    assert [(one.action, one.actor) for one in told] == [
        ("account.changed", "key_2"),
        ("account.resumed", "key_2"),
        ("account.paused", "key_1"),
    ]
    assert told[2].before == {"state": "enabled", "state_reason": "", "note": ""}
    assert told[2].after == {"state": "paused", "state_reason": "holiday", "note": "mine"}
    happened = await AccountEvents(store).page("a")
    assert [event.type for event in happened] == ["account.changed", "account.resumed", "account.paused"]


async def test_waking_an_account_tells_those_who_wait(changes: AccountChanges, registry: Registry) -> None:
    await changes.change("a", "test", state="paused")
    told: list[bool] = []
    registry.on_changed = lambda: told.append(True)
    await changes.change("a", "test", state="enabled")
    assert told == [True]


async def test_an_account_outside_the_configured_pool_is_known_and_changed(
    store: Store, vault: Vault, provider: FakeProvider
) -> None:
    vault.write("a", capture("plus"))
    vault.write("b", capture("pro"))
    registry = Registry(store, vault, provider, BucketLimits({}), pool=("b",))
    changed = await AccountChanges(store, registry).change("a", "test", state="paused")
    assert (changed.state, changed.plan) == (AccountState.PAUSED, "plus")
    assert [account.alias for account in await registry.snapshot()] == ["b"]
    assert [account.alias for account in await registry.every()] == ["b", "a"]
