"""Idempotency keys: kept per API key and route, for a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, Table, delete, insert, select

from bridge.store.tables import IdempotencyRow

_RETIRED = "removed operations"
_FOR_GOOD = timedelta(days=36_500)

KEYS: Table = IdempotencyRow.metadata.tables[str(IdempotencyRow.__tablename__)]


@dataclass(frozen=True, slots=True)
class Kept:
    """The request that a key stands for, and the operation that answers it."""

    digest: str
    operation_id: str


def find(conn: Connection, owner: str, route: str, key: str, *, now: datetime) -> Kept | None:
    """What the key stands for; `None` when it is new or its day is over."""
    row = conn.execute(
        select(KEYS.c.digest, KEYS.c.operation_id).where(
            KEYS.c.owner == owner, KEYS.c.route == route, KEYS.c.key == key, KEYS.c.expires_at > now
        )
    ).one_or_none()
    return None if row is None else Kept(row.digest, row.operation_id)


def keep(conn: Connection, owner: str, route: str, key: str, kept: Kept, *, now: datetime, life: timedelta) -> None:
    """Let the key stand for a request from now on; what it stood for before has expired. Removes other expired keys."""
    conn.execute(delete(KEYS).where(KEYS.c.expires_at <= now))
    conn.execute(
        insert(KEYS).values(
            owner=owner,
            route=route,
            key=key,
            digest=kept.digest,
            operation_id=kept.operation_id,
            expires_at=now + life,
        )
    )


def retire(conn: Connection, operation_id: str, *, now: datetime) -> None:
    """Let the id of a removed operation stand for nothing again: Temporal may remember it, and its files bear it."""
    keep(conn, "", _RETIRED, operation_id, Kept("", operation_id), now=now, life=_FOR_GOOD)


def is_retired(conn: Connection, operation_id: str) -> bool:
    """Whether an operation of this id was removed."""
    asked = select(KEYS.c.key).where(KEYS.c.owner == "", KEYS.c.route == _RETIRED, KEYS.c.key == operation_id)
    return conn.execute(asked).first() is not None


def free(conn: Connection, operation_id: str) -> None:
    """Forget the keys of an operation that spent nothing, so that the next request with one starts a new operation."""
    conn.execute(delete(KEYS).where(KEYS.c.operation_id == operation_id))
