"""The keys of chats on a real database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.accounts import leases
from bridge.accounts.presence import ProcessPresence
from bridge.idempotency import records
from bridge.idempotency.answers import KeptAnswers, KeyScope
from bridge.store.engine import Store
from bridge.vault import Vault
from bridge.vault.rotation import rotate
from core.clock import utc_now
from core.errors import IdempotencyConflictError, IdempotencyInProgressError, VaultKeyError

SCOPE = KeyScope("primary", "/v1/chat/completions", "key-1")
SECRET = "what nobody but the caller may read"


def answers(store: Store, vault: Vault, process: str = "here", hours: float = 24) -> KeptAnswers:
    return KeptAnswers(store, vault.keyring, process_id=process, hours=hours)


async def alive(store: Store, process: str) -> None:
    now = utc_now()
    await store.write(lambda conn: leases.renew_process(conn, process_id=process, kind="api", host="h", pid=1, now=now))


async def test_a_new_key_is_reserved_and_then_stands_for_its_outcome(store: Store, vault: Vault) -> None:
    kept = answers(store, vault)

    assert await kept.reserve(SCOPE, "digest") is None
    await kept.keep(SCOPE, SECRET)

    assert await kept.reserve(SCOPE, "digest") == SECRET
    assert await answers(store, vault, "another").reserve(SCOPE, "digest") == SECRET
    with pytest.raises(IdempotencyConflictError):
        await kept.reserve(SCOPE, "other")


async def test_owner_and_route_have_keys_of_their_own(store: Store, vault: Vault) -> None:
    kept = answers(store, vault)
    await kept.reserve(SCOPE, "digest")
    await kept.keep(SCOPE, SECRET)

    assert await kept.reserve(KeyScope("other", SCOPE.route, SCOPE.key), "other") is None
    assert await kept.reserve(KeyScope(SCOPE.owner, "/v1/other", SCOPE.key), "other") is None


async def test_nothing_of_an_outcome_can_be_read_in_the_files(store: Store, vault: Vault, tmp_path: Path) -> None:
    kept = answers(store, vault)
    await kept.reserve(SCOPE, "digest")
    await kept.keep(SCOPE, SECRET)

    files = [file for file in (tmp_path / "data").iterdir() if file.name.startswith("bridge.sqlite")]
    content = b"".join([await asyncio.to_thread(file.read_bytes) for file in files])
    assert b"key-1" in content
    assert SECRET.encode() not in content


async def test_an_outcome_of_a_lost_vault_key_is_an_error_and_not_a_new_run(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    kept = answers(store, vault)
    await kept.reserve(SCOPE, "digest")
    await kept.keep(SCOPE, SECRET)

    with pytest.raises(VaultKeyError):
        await answers(store, Vault(tmp_path / "others")).reserve(SCOPE, "digest")


async def test_a_freed_key_can_be_reserved_for_another_request(store: Store, vault: Vault) -> None:
    kept = answers(store, vault)
    await kept.reserve(SCOPE, "digest")
    await kept.free(SCOPE)

    assert await kept.reserve(SCOPE, "other") is None


async def test_a_key_of_another_living_process_is_in_progress(store: Store, vault: Vault) -> None:
    await alive(store, "there")
    await answers(store, vault, "there").reserve(SCOPE, "digest")

    with pytest.raises(IdempotencyInProgressError) as refused:
        await answers(store, vault).reserve(SCOPE, "digest")
    with pytest.raises(IdempotencyConflictError):
        await answers(store, vault).reserve(SCOPE, "other")
    assert refused.value.retry_after_seconds
    assert refused.value.retryable


async def test_the_reservation_of_a_dead_process_is_free_and_it_cannot_answer_any_more(
    store: Store, vault: Vault
) -> None:
    dead, living = answers(store, vault, "there"), answers(store, vault)
    await alive(store, "there")
    await dead.reserve(SCOPE, "digest")
    short = timedelta(seconds=0.02)
    presence = ProcessPresence(store, kind="api", renew=short, expiry=short * 3)
    await presence.start()

    async with asyncio.timeout(5):
        while True:
            try:
                assert await living.reserve(SCOPE, "digest") is None
                break
            except IdempotencyInProgressError:
                await asyncio.sleep(0.01)
    await dead.keep(SCOPE, "too late")
    await living.keep(SCOPE, SECRET)

    assert await living.reserve(SCOPE, "digest") == SECRET
    await presence.aclose()


async def test_what_a_process_left_reserved_it_may_reserve_again(store: Store, vault: Vault) -> None:
    await alive(store, "here")
    kept = answers(store, vault)
    await kept.reserve(SCOPE, "digest")

    assert await kept.reserve(SCOPE, "other") is None


async def test_a_key_stands_for_its_outcome_as_long_as_the_setting_says(store: Store, vault: Vault) -> None:
    kept = answers(store, vault, hours=0.3 / 3600)
    await kept.reserve(SCOPE, "digest")
    await kept.keep(SCOPE, SECRET)
    assert await kept.reserve(SCOPE, "digest") == SECRET

    await asyncio.sleep(0.35)

    assert await kept.reserve(SCOPE, "other") is None


async def test_a_key_stands_for_a_chat_or_for_an_operation_and_never_for_both(store: Store, vault: Vault) -> None:
    kept, now, other = answers(store, vault), utc_now(), KeyScope(SCOPE.owner, SCOPE.route, "key-2")
    await kept.reserve(SCOPE, "digest")
    operation = records.Kept("digest", "operation-1")
    await store.write(
        lambda conn: records.keep(
            conn, other.owner, other.route, other.key, operation, now=now, life=timedelta(hours=1)
        )
    )

    with pytest.raises(IdempotencyConflictError):
        await kept.require_unused(SCOPE)
    with pytest.raises(IdempotencyConflictError):
        await kept.reserve(other, "digest")
    await kept.require_unused(KeyScope(SCOPE.owner, SCOPE.route, "key-3"))


async def test_an_outcome_is_readable_after_the_key_of_the_captures_was_changed(
    store: Store, vault: Vault, tmp_path: Path
) -> None:
    folder = tmp_path / "rotated"
    before = Vault(folder)
    kept = answers(store, before)
    await kept.reserve(SCOPE, "digest")
    await kept.keep(SCOPE, SECRET)

    await asyncio.to_thread(rotate, folder, None, "new words")

    assert await answers(store, Vault(folder, "new words"), "another").reserve(SCOPE, "digest") == SECRET
    # The process that still has the former key goes on with what it knows.
    assert await kept.reserve(SCOPE, "digest") == SECRET
    with pytest.raises(VaultKeyError):
        await answers(store, Vault(folder, "other words"), "third").reserve(SCOPE, "digest")
