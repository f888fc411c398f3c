"""API keys: made, found, changed, revoked, counted."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from bridge.audit import AuditFilters, AuditLog
from bridge.keys import book, use
from bridge.keys.book import ApiKeys
from bridge.keys.grant import PRIMARY, Grant
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.keys import AccessScope, KeyTerms
from core.errors import (
    AuthenticationError,
    BridgeError,
    ExpiredKeyError,
    KeyLimitError,
    NotFoundError,
    RevokedKeyError,
    StoreError,
)
from tests.fakes.waiting import until

CHATS = KeyTerms(name="laptop", scopes=(AccessScope.CHAT,))


def digest(value: str) -> bytes:
    return sha256(value.encode()).digest()


@pytest.fixture
async def keys(store: Store) -> AsyncIterator[ApiKeys]:
    """The keys of one process."""
    opened = ApiKeys(store)
    yield opened
    await opened.aclose()


async def test_a_made_key_is_found_with_its_terms(keys: ApiKeys) -> None:
    terms = CHATS.model_copy(update={"models": ("GPT-5", "chatgpt-web/auto"), "accounts": ("a", "b"), "per_day": 7})

    made = await keys.create(terms, actor="cli")
    grant = await keys.admit(digest(made.value))

    assert grant == Grant(
        made.record.id,
        "laptop",
        frozenset({AccessScope.CHAT}),
        models=frozenset({"gpt-5", "auto"}),
        accounts=("a", "b"),
        per_day=7,
    )
    assert (grant.owner, grant.actor) == (made.record.id, f"key:{made.record.id}")


async def test_the_key_itself_is_kept_nowhere(keys: ApiKeys, store: Store, tmp_path: Path) -> None:
    made = await keys.create(CHATS, actor="cli")
    await store.aclose()

    assert made.value not in repr(made)
    written = b"".join(file.read_bytes() for file in (tmp_path / "data").iterdir())
    assert made.value.encode() not in written
    assert digest(made.value).hex().encode() in written
    assert made.value.startswith(made.record.hint)
    assert len(made.record.hint) < len(made.value) // 3


@pytest.mark.parametrize("given", ["", "sk-cgb-", "x" * 5000])
async def test_an_unknown_key_is_refused(keys: ApiKeys, given: str) -> None:
    await keys.create(CHATS, actor="cli")

    with pytest.raises(AuthenticationError) as caught:
        await keys.admit(digest(given))
    assert caught.value.code == "invalid_api_key"


async def test_a_key_is_over_at_its_time(keys: ApiKeys) -> None:
    soon = CHATS.model_copy(update={"expires_at": utc_now() + timedelta(milliseconds=500)})
    made = await keys.create(soon, actor="cli")

    assert await keys.admit(digest(made.value))

    async def over() -> bool:
        try:
            await keys.admit(digest(made.value))
        except ExpiredKeyError:
            return True
        return False

    await until(over)


async def test_a_revoked_key_is_refused_at_once_and_no_change_brings_it_back(keys: ApiKeys) -> None:
    made = await keys.create(CHATS, actor="cli")
    await keys.admit(digest(made.value))

    first = await keys.revoke(made.record.id, actor="cli")
    again = await keys.revoke(made.record.id, actor="cli")

    with pytest.raises(RevokedKeyError):
        await keys.admit(digest(made.value))
    with pytest.raises(RevokedKeyError):
        await keys.change(made.record.id, {"name": "back"}, actor="cli")
    assert first == again
    assert [record.revoked_at for record in await keys.all()] == [first.revoked_at]


async def test_a_change_counts_from_the_next_request_on(keys: ApiKeys) -> None:
    made = await keys.create(CHATS, actor="cli")
    await keys.admit(digest(made.value))

    await keys.change(made.record.id, {"scopes": (AccessScope.READ,), "per_minute": 3}, actor="cli")
    grant = await keys.admit(digest(made.value))

    assert (grant.scopes, grant.per_minute, grant.name) == (frozenset({AccessScope.READ}), 3, "laptop")


async def test_what_another_process_does_is_seen_soon(
    keys: ApiKeys, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "_FOREIGN_CHANGE_SECONDS", 0.01)
    other_store = Store.open(database_url)
    other = ApiKeys(other_store)
    made = await keys.create(CHATS, actor="cli")

    assert (await other.admit(digest(made.value))).key_id == made.record.id
    await keys.revoke(made.record.id, actor="cli")

    async def refused() -> bool:
        try:
            await other.admit(digest(made.value))
        except RevokedKeyError:
            return True
        return False

    await until(refused)
    await other.aclose()
    await other_store.aclose()


async def test_nothing_is_read_while_nobody_changes_a_key(
    keys: ApiKeys, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(book, "_FOREIGN_CHANGE_SECONDS", 0.0)
    made = await keys.create(CHATS, actor="cli")
    await keys.admit(digest(made.value))

    async def forbidden(_work: object) -> None:
        raise AssertionError("the database was read")

    monkeypatch.setattr(store, "read", forbidden)
    assert await keys.admit(digest(made.value))


async def test_a_database_that_is_away_is_no_wrong_key(
    keys: ApiKeys, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await keys.create(CHATS, actor="cli")

    async def away() -> int:
        raise StoreError("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(store, "changed", away)
        with pytest.raises(StoreError):
            await keys.admit(digest(made.value))
    assert await keys.admit(digest(made.value))


async def test_unknown_ids_are_said(keys: ApiKeys) -> None:
    async def raised(work: object) -> str:
        with pytest.raises(BridgeError) as caught:
            await work  # type: ignore[misc]
        return caught.value.code

    assert await raised(keys.get("key_none")) == "not_found"
    assert await raised(keys.change("key_none", {}, actor="cli")) == "not_found"
    with pytest.raises(NotFoundError):
        await keys.revoke("key_none", actor="cli")


async def test_every_change_is_in_the_audit_log_without_the_key(keys: ApiKeys, store: Store) -> None:
    made = await keys.create(CHATS, actor="key:primary")
    await keys.change(made.record.id, {"name": "desk"}, actor="key:primary")
    await keys.revoke(made.record.id, actor="cli")

    entries = (await AuditLog(store).page(AuditFilters(subject=made.record.id))).items
    assert [(entry.actor, entry.action) for entry in entries] == [
        ("cli", "key.revoked"),
        ("key:primary", "key.changed"),
        ("key:primary", "key.created"),
    ]
    assert (entries[1].before, entries[1].after) == ({"name": "laptop"}, {"name": "desk"})
    assert made.value not in repr(entries)
    assert digest(made.value).hex() not in repr(entries)


async def test_the_days_count_and_the_last_use_outlive_the_process(keys: ApiKeys, store: Store) -> None:
    made = await keys.create(CHATS.model_copy(update={"per_day": 2}), actor="cli")
    grant = await keys.admit(digest(made.value))
    keys.use.seen(grant)
    keys.use.begin(grant)
    keys.use.begin(grant)
    await keys.aclose()

    later = ApiKeys(store)
    grant = await later.admit(digest(made.value))
    with pytest.raises(KeyLimitError) as caught:
        later.use.begin(grant)

    assert 0 < (caught.value.retry_after_seconds or 0) <= 86_400
    assert (await later.get(made.record.id)).last_used_at is not None


async def test_counts_reach_the_database_while_the_process_runs(
    keys: ApiKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(use, "_REPORT_SECONDS", 0.01)
    made = await keys.create(CHATS.model_copy(update={"per_day": 100}), actor="cli")
    grant = await keys.admit(digest(made.value))
    for _ in range(3):
        keys.use.seen(grant)
        keys.use.begin(grant)

    async def written() -> bool:
        with sqlite3.connect(tmp_path / "data" / "bridge.sqlite") as other:
            return other.execute("SELECT day_count FROM api_keys").fetchone() == (3,)

    await until(written)


async def test_a_use_that_cannot_be_written_is_written_later(
    keys: ApiKeys, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await keys.create(CHATS.model_copy(update={"per_day": 2}), actor="cli")
    grant = await keys.admit(digest(made.value))
    keys.use.seen(grant)
    keys.use.begin(grant)

    async def away(_work: object) -> None:
        raise StoreError("no disk")

    with monkeypatch.context() as broken:
        broken.setattr(store, "write", away)
        await keys.aclose()
    await keys.aclose()

    later = ApiKeys(store)
    grant = await later.admit(digest(made.value))
    later.use.begin(grant)
    with pytest.raises(KeyLimitError):
        later.use.begin(grant)


async def test_the_operators_own_key_is_noted_without_a_row(keys: ApiKeys) -> None:
    keys.use.seen(PRIMARY)
    keys.use.begin(PRIMARY)

    assert keys.use.last(PRIMARY.key_id) is not None
    assert await keys.all() == ()
