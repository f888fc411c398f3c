"""The account rows: what is remembered of each account, and the number that says when it changed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row

from bridge.accounts import cooldowns
from bridge.accounts.account import Account, AccountState, Health, Memory
from bridge.accounts.buckets import SavedLimits
from bridge.accounts.cooldowns import Cooldown
from bridge.accounts.saved import recall_saved
from bridge.store.types import from_microseconds, to_microseconds

_NAME = "accounts"
_SELECT = (
    "SELECT alias, capture_sha256, state, state_reason, weight, tags, note, captured_at, last_used_at, last_success_at,"
    " last_failure, last_failure_at, health, health_detail FROM accounts"
)


@dataclass(frozen=True, slots=True)
class Memories:
    """All account rows at one revision, by alias, and the slots that the operator saved."""

    revision: int
    by_alias: Mapping[str, Memory]
    saved: SavedLimits = field(default_factory=SavedLimits)


def revision(conn: Connection) -> int:
    """Grows with every change of an account row that routing cares about."""
    value = conn.exec_driver_sql("SELECT value FROM revisions WHERE name = ?", (_NAME,)).scalar()
    return int(value or 0)


def bump(conn: Connection) -> None:
    """Say that account rows changed."""
    conn.exec_driver_sql(
        "INSERT INTO revisions (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (_NAME,),
    )


def recall(conn: Connection, *, known: int | None = None) -> Memories | None:
    """Every account row, or `None` when the revision is still `known`."""
    current = revision(conn)
    if current == known:
        return None
    cooling = cooldowns.recall(conn)
    rows = {row.alias: _memory(row, cooling.get(row.alias, {})) for row in conn.exec_driver_sql(_SELECT)}
    return Memories(current, rows, recall_saved(conn))


def recall_one(conn: Connection, alias: str) -> Memory:
    """What is remembered of one account; an account without a row has an empty memory."""
    row = conn.exec_driver_sql(f"{_SELECT} WHERE alias = ?", (alias,)).one_or_none()
    return Memory() if row is None else _memory(row, cooldowns.recall(conn).get(alias, {}))


def refreshed(conn: Connection, accounts: Iterable[Account]) -> tuple[Account, ...]:
    """The accounts with their rows as this transaction sees them."""
    memories = recall(conn)
    assert memories is not None
    return tuple(account.remembering(memories.by_alias.get(account.alias), memories.saved) for account in accounts)


def remember(conn: Connection, alias: str, now: datetime, **values: Any) -> None:
    """Set columns of an account's row, which is made when it is missing. Times are aware UTC."""
    columns = {"alias": alias, "updated_at": now, **values}
    stored = {name: _stored(value) for name, value in columns.items()}
    fresh = {
        "state": AccountState.ENABLED.value,
        "state_reason": "",
        "tags": "[]",
        "note": "",
        "health": Health.OK.value,
        "health_detail": "",
    }
    inserted = {**fresh, **stored}
    changes = ", ".join(f"{name} = excluded.{name}" for name in stored if name != "alias")
    conn.exec_driver_sql(
        f"INSERT INTO accounts ({', '.join(inserted)}) VALUES ({', '.join('?' * len(inserted))})"
        f" ON CONFLICT (alias) DO UPDATE SET {changes}",
        tuple(inserted.values()),
    )


def forget(conn: Connection, alias: str) -> bool:
    """Remove an account's row; returns whether there was one."""
    return conn.exec_driver_sql("DELETE FROM accounts WHERE alias = ?", (alias,)).rowcount > 0


def _memory(row: Row[Any], cooling: Mapping[str, Cooldown]) -> Memory:
    return Memory(
        capture_sha256=row.capture_sha256,
        state=AccountState(row.state),
        state_reason=row.state_reason,
        weight=row.weight,
        tags=tuple(json.loads(row.tags)),
        note=row.note,
        captured_at=_time(row.captured_at),
        last_used_at=_time(row.last_used_at),
        last_success_at=_time(row.last_success_at),
        health=Health(row.health),
        health_detail=row.health_detail,
        last_failure=row.last_failure,
        last_failure_at=_time(row.last_failure_at),
        cooldowns=cooling,
    )


def _time(value: int | None) -> datetime | None:
    return None if value is None else from_microseconds(value)


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_microseconds(value)
    if isinstance(value, (list, tuple)):
        return json.dumps(list(value))
    return value
