"""The rows of API keys, and the number that says when one changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, insert, select, update

from bridge.store.tables import ApiKeyRow
from bridge.store.types import to_microseconds
from core.contracts.keys import KeyRecord

_KEYS: Table = ApiKeyRow.metadata.tables[str(ApiKeyRow.__tablename__)]
_NAME = "api_keys"
_FIELDS = tuple(KeyRecord.model_fields)

_USED = (
    "UPDATE api_keys SET last_used_at = max(coalesce(last_used_at, 0), ?), day = ?,"
    " day_count = ? + CASE WHEN day = ? THEN day_count ELSE 0 END WHERE id = ? RETURNING day_count"
)


@dataclass(frozen=True, slots=True)
class StoredKey:
    """A key's row. `digest`: the SHA-256 of the key; `day_count`: the work it began on day number `day`."""

    record: KeyRecord
    digest: bytes
    day: int | None
    day_count: int


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """All rows at one revision, the oldest first."""

    revision: int
    keys: tuple[StoredKey, ...]


def recall(conn: Connection, *, known: int | None = None) -> StoredKeys | None:
    """Every key, or `None` when the revision is still `known`."""
    value = conn.exec_driver_sql("SELECT value FROM revisions WHERE name = ?", (_NAME,)).scalar()
    current = int(value or 0)
    if current == known:
        return None
    rows = conn.execute(select(_KEYS).order_by(_KEYS.c.created_at, _KEYS.c.id)).all()
    return StoredKeys(current, tuple(_stored(row) for row in rows))


def find(conn: Connection, key_id: str) -> KeyRecord | None:
    """One key."""
    row = conn.execute(select(_KEYS).where(_KEYS.c.id == key_id)).one_or_none()
    return None if row is None else _stored(row).record


def add(conn: Connection, record: KeyRecord, digest: bytes) -> None:
    """Insert a key."""
    conn.execute(insert(_KEYS).values(**_values(record), digest=digest.hex()))
    _bump(conn)


def change(conn: Connection, record: KeyRecord) -> None:
    """Write what a key's record says now; when it was last used is not touched."""
    values = _values(record)
    del values["last_used_at"]
    conn.execute(update(_KEYS).where(_KEYS.c.id == record.id).values(**values))
    _bump(conn)


def used(conn: Connection, key_id: str, *, last: datetime, day: int, count: int) -> int | None:
    """Add to what a key began on a day; returns the day's count, `None` for a key without a row.

    Routine, so the revision stays: nobody has to read the keys again for it.
    """
    row = conn.exec_driver_sql(_USED, (to_microseconds(last), day, count, day, key_id)).one_or_none()
    return None if row is None else int(row[0])


def _bump(conn: Connection) -> None:
    conn.exec_driver_sql(
        "INSERT INTO revisions (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (_NAME,),
    )


def _values(record: KeyRecord) -> dict[str, Any]:
    """Times as they are, lists as JSON has them."""
    lists = {name: list(getattr(record, name)) for name in ("scopes", "models", "accounts")}
    return {**{name: getattr(record, name) for name in _FIELDS}, **lists}


def _stored(row: Row[Any]) -> StoredKey:
    record = KeyRecord.model_validate({name: getattr(row, name) for name in _FIELDS})
    return StoredKey(record, bytes.fromhex(row.digest), row.day, row.day_count)
