"""The event log: every change of an operation, numbered from 1 without gaps."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Table, insert, select, update

from bridge.operations.rows import OPERATIONS, SUBMISSIONS, TERMINAL
from bridge.store.tables import EventRow
from core.clock import utc_now
from core.contracts.operations import OperationEvent

EVENTS: Table = EventRow.metadata.tables[str(EventRow.__tablename__)]


def append(
    conn: Connection, operation_id: str, key: str, kind: str, data: dict[str, Any], *, fence: int | None = None
) -> int | None:
    """Add an event within the caller's writing transaction; returns its number.

    `None`, and nothing is added, when the operation has an event of this key, has ended, does not exist, or when
    `fence` is not the current one of its journal.
    """
    row = conn.execute(
        select(OPERATIONS.c.last_event, OPERATIONS.c.state, SUBMISSIONS.c.fence)
        .join(SUBMISSIONS, SUBMISSIONS.c.operation_id == OPERATIONS.c.id, isouter=True)
        .where(OPERATIONS.c.id == operation_id)
    ).one_or_none()
    if row is None or row.state in TERMINAL or (fence is not None and row.fence != fence):
        return None
    if conn.execute(select(EVENTS.c.number).where(EVENTS.c.operation_id == operation_id, EVENTS.c.key == key)).first():
        return None
    number: int = row.last_event + 1
    conn.execute(
        insert(EVENTS).values(operation_id=operation_id, number=number, key=key, type=kind, at=utc_now(), data=data)
    )
    conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id).values(last_event=number))
    return number


def read(conn: Connection, operation_id: str, after: int = 0, limit: int = 500) -> tuple[OperationEvent, ...]:
    """The events that follow number `after`, oldest first."""
    rows = conn.execute(
        select(EVENTS.c.operation_id, EVENTS.c.number, EVENTS.c.type, EVENTS.c.at, EVENTS.c.data)
        .where(EVENTS.c.operation_id == operation_id, EVENTS.c.number > after)
        .order_by(EVENTS.c.number)
        .limit(limit)
    ).all()
    return tuple(OperationEvent.model_validate(dict(row._mapping)) for row in rows)
