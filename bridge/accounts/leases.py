"""Who holds which slot: taken and given back inside the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import Connection

from bridge.store.types import to_microseconds
from core.contracts.buckets import Bucket
from core.contracts.operations import OperationState

Transaction: TypeAlias = Connection
"""An open transaction of the store, for those who compose work but speak no SQL."""

Used: TypeAlias = dict[tuple[str, str], int]
"""Taken slots by account and bucket; what is missing is 0."""

_TERMINAL = tuple(state.value for state in OperationState if state.terminal)
_IS_FINISHED = (
    "operation_id IS NOT NULL AND EXISTS"
    " (SELECT 1 FROM operations WHERE operations.id = operation_id AND operations.state IN (?, ?, ?))"
)


def used(conn: Transaction) -> Used:
    """Every slot that is taken, by all processes."""
    rows = conn.exec_driver_sql("SELECT account, bucket, count(*) FROM leases GROUP BY account, bucket")
    return {(account, bucket): count for account, bucket, count in rows}


def count(taken: Used, account: str, bucket: Bucket) -> int:
    """How many slots of one bucket of one account are taken."""
    return taken.get((account, bucket.value), 0)


def add(taken: Used, account: str, buckets: Iterable[Bucket]) -> None:
    """Count one more slot in each bucket, as `used` would say after it was taken."""
    for bucket in buckets:
        taken[account, bucket.value] = count(taken, account, bucket) + 1


def take_for_process(
    conn: Transaction, *, lease_id: str, process_id: str, account: str, buckets: Iterable[Bucket], now: datetime
) -> None:
    """Take a slot in each bucket for a chat; it lives as long as its process shows signs of life."""
    _take(conn, lease_id, account, buckets, now, process_id=process_id)


def take_for_operation(
    conn: Transaction, *, operation_id: str, account: str, buckets: Iterable[Bucket], now: datetime
) -> None:
    """Take a slot in each bucket for an operation, which keeps it whatever processes die: upstream works on.

    Raises:
        sqlalchemy.exc.IntegrityError: the operation holds one already; `held_by_operation` says so beforehand.
    """
    _take(conn, operation_id, account, buckets, now, operation_id=operation_id)


def release(conn: Transaction, lease_id: str) -> None:
    """Give a chat's slots back; nothing happens when they are gone."""
    conn.exec_driver_sql("DELETE FROM leases WHERE id = ?", (lease_id,))


def release_operation(conn: Transaction, operation_id: str) -> None:
    """Give an operation's slots back and take it out of the line; nothing happens when it has neither."""
    conn.exec_driver_sql("DELETE FROM leases WHERE operation_id = ?", (operation_id,))
    conn.exec_driver_sql("DELETE FROM tickets WHERE operation_id = ?", (operation_id,))


def release_upload(conn: Transaction, operation_id: str) -> None:
    """Give back the slot for uploading that an operation holds beside its own; nothing happens when it has none."""
    conn.exec_driver_sql(
        "DELETE FROM leases WHERE operation_id = ? AND bucket = ?", (operation_id, Bucket.UPLOAD.value)
    )


def any_finished(conn: Transaction) -> bool:
    """Whether an operation whose row is terminal still holds slots."""
    return conn.exec_driver_sql(f"SELECT 1 FROM leases WHERE {_IS_FINISHED} LIMIT 1", _TERMINAL).scalar() is not None


def release_finished(conn: Transaction) -> None:
    """Give back what operations hold although their rows are terminal, and take them out of the line."""
    conn.exec_driver_sql(f"DELETE FROM leases WHERE {_IS_FINISHED}", _TERMINAL)
    conn.exec_driver_sql(f"DELETE FROM tickets WHERE {_IS_FINISHED}", _TERMINAL)


def held_by_operation(conn: Transaction, operation_id: str) -> str | None:
    """The account whose slots the operation holds, `None` when it holds none."""
    account = conn.exec_driver_sql(
        "SELECT account FROM leases WHERE operation_id = ? LIMIT 1", (operation_id,)
    ).scalar()
    return None if account is None else str(account)


def expire(conn: Transaction, before: datetime) -> int:
    """Remove processes without a sign of life since `before`, with their chats' leases; returns how many.

    Leases as old, whose process was removed already when it took them, go as well.
    """
    dead = [
        (row[0],)
        for row in conn.exec_driver_sql("SELECT id FROM processes WHERE renewed_at < ?", (to_microseconds(before),))
    ]
    for process in dead:
        end_process(conn, process[0])
    # Who was taken for dead shows itself again at once, unless it was killed before it could.
    conn.exec_driver_sql(
        "DELETE FROM leases WHERE acquired_at < ? AND process_id IS NOT NULL"
        " AND process_id NOT IN (SELECT id FROM processes)",
        (to_microseconds(before),),
    )
    return len(dead)


def end_process(conn: Transaction, process_id: str) -> None:
    """Remove a process and the leases of its chats."""
    conn.exec_driver_sql("DELETE FROM leases WHERE process_id = ?", (process_id,))
    conn.exec_driver_sql("DELETE FROM processes WHERE id = ?", (process_id,))


def renew_process(conn: Transaction, *, process_id: str, kind: str, host: str, pid: int, now: datetime) -> None:
    """Show that a process lives. One that was taken for dead is alive again."""
    at = to_microseconds(now)
    conn.exec_driver_sql(
        "INSERT INTO processes (id, kind, host, pid, started_at, renewed_at) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET renewed_at = excluded.renewed_at",
        (process_id, kind, host, pid, at, at),
    )


def _take(
    conn: Transaction,
    lease_id: str,
    account: str,
    buckets: Iterable[Bucket],
    now: datetime,
    *,
    process_id: str | None = None,
    operation_id: str | None = None,
) -> None:
    for bucket in buckets:
        conn.exec_driver_sql(
            "INSERT INTO leases (id, bucket, account, process_id, operation_id, acquired_at) VALUES (?, ?, ?, ?, ?, ?)",
            (lease_id, bucket.value, account, process_id, operation_id, to_microseconds(now)),
        )
