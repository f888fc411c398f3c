"""The audit log."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bridge.audit import AuditFilters, AuditLog, record
from bridge.store.engine import Store
from core.errors import InvalidRequestError


async def test_a_change_is_kept_with_who_did_it_and_what_it_was(store: Store) -> None:
    moment = datetime(2026, 1, 2, tzinfo=UTC)
    await store.write(
        lambda conn: record(conn, "key:primary", "account.paused", "plus", {"paused": False}, {"until": moment})
    )

    (entry,) = (await AuditLog(store).page()).items
    assert (entry.actor, entry.action, entry.subject) == ("key:primary", "account.paused", "plus")
    assert (entry.before, entry.after) == ({"paused": False}, {"until": str(moment)})
    assert entry.at.tzinfo is not None


async def test_a_change_that_fails_leaves_no_entry(store: Store) -> None:
    def work(conn: object) -> None:
        record(conn, "cli", "account.deleted", "plus")  # type: ignore[arg-type]
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(work)
    assert (await AuditLog(store).page()).items == ()


async def test_secrets_are_redacted_by_name_and_by_shape(store: Store) -> None:
    secret = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2ln"
    given = {"capture_text": "curl canary", "note": f"Bearer {secret}", "nested": [{"passphrase": "canary"}]}
    await store.write(lambda conn: record(conn, "cli", "account.added", "plus", None, given))

    (entry,) = (await AuditLog(store).page()).items
    assert "canary" not in repr(entry)
    assert secret not in repr(entry)
    assert entry.before is None


async def test_pages_go_back_in_time_without_gaps(store: Store) -> None:
    for number in range(5):
        await store.write(lambda conn, number=number: record(conn, "cli", "limits.changed", f"s{number}"))  # type: ignore[misc]
    log = AuditLog(store)

    subjects: list[str] = []
    cursor = None
    while True:
        page = await log.page(cursor=cursor, limit=2)
        subjects += [entry.subject for entry in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert subjects == ["s4", "s3", "s2", "s1", "s0"]


async def test_the_log_is_searched_by_what_and_to_what(store: Store) -> None:
    for action, subject in (("key.created", "a"), ("key.revoked", "a"), ("account.added", "b"), ("keyx", "a")):
        await store.write(lambda conn, a=action, s=subject: record(conn, "cli", a, s))  # type: ignore[misc]
    log = AuditLog(store)

    async def found(filters: AuditFilters) -> list[str]:
        return [entry.action for entry in (await log.page(filters)).items]

    assert await found(AuditFilters(action="key.")) == ["key.revoked", "key.created"]
    assert await found(AuditFilters(action="key.created")) == ["key.created"]
    assert await found(AuditFilters(subject="b")) == ["account.added"]
    assert await found(AuditFilters(action="%")) == []


@pytest.mark.parametrize("cursor", ["x", "-1", "", "9" * 30, "١"])
async def test_a_made_up_cursor_is_refused(store: Store, cursor: str) -> None:
    with pytest.raises(InvalidRequestError):
        await AuditLog(store).page(cursor=cursor)
