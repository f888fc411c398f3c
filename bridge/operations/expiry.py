"""What is old or too much: the questions that retention asks the database, within the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, or_, select

from bridge.files.artifacts import ARTIFACTS
from bridge.files.inputs import INPUTS
from bridge.operations.events import EVENTS
from bridge.operations.rows import OPERATIONS, TERMINAL, leads_unfinished

_SHA256_DIGITS = 64


def ended(before: datetime) -> ColumnElement[bool]:
    """Operations that ended before that time."""
    return and_(OPERATIONS.c.state.in_(TERMINAL), OPERATIONS.c.finished_at < before)


def removable(before: datetime) -> ColumnElement[bool]:
    """Operations that ended before that time, and do not answer for one that goes on."""
    return and_(ended(before), ~leads_unfinished())


def operations(before: datetime) -> Select[Any]:
    """Id and owner of operations that age removes, oldest first."""
    return select(OPERATIONS.c.id, OPERATIONS.c.owner).where(removable(before)).order_by(OPERATIONS.c.sequence)


def with_events(before: datetime) -> Select[Any]:
    """Id and last event's number of operations that ended before and have more than that event, oldest first."""
    more = select(EVENTS.c.number).where(
        EVENTS.c.operation_id == OPERATIONS.c.id, EVENTS.c.number < OPERATIONS.c.last_event
    )
    return (
        select(OPERATIONS.c.id, OPERATIONS.c.last_event)
        .where(ended(before), more.exists())
        .order_by(OPERATIONS.c.sequence)
    )


def count_events(conn: Connection, *, pruned: datetime | None, removed: datetime | None) -> int:
    """How many events go: all but the last where an operation ended before `pruned`, all where `removed` removes it."""
    doomed: list[ColumnElement[bool]] = []
    if pruned is not None:
        doomed.append(and_(ended(pruned), EVENTS.c.number < OPERATIONS.c.last_event))
    if removed is not None:
        doomed.append(removable(removed))
    if not doomed:
        return 0
    joined = EVENTS.join(OPERATIONS, OPERATIONS.c.id == EVENTS.c.operation_id)
    return int(conn.execute(select(func.count()).select_from(joined).where(or_(*doomed))).scalar_one())


def artifacts(before: datetime | None = None) -> Select[Any]:
    """Id, path and size of the files of no unfinished operation, oldest first."""
    asked = (
        select(ARTIFACTS.c.file_id, ARTIFACTS.c.path, ARTIFACTS.c.size_bytes)
        .join(OPERATIONS, OPERATIONS.c.id == ARTIFACTS.c.operation_id, isouter=True)
        .where(or_(OPERATIONS.c.id.is_(None), OPERATIONS.c.state.in_(TERMINAL)))
        .order_by(ARTIFACTS.c.created_at, ARTIFACTS.c.file_id)
    )
    return asked if before is None else asked.where(ARTIFACTS.c.created_at < before)


def total_bytes(conn: Connection) -> int:
    """What all artifacts take."""
    return int(conn.execute(select(func.coalesce(func.sum(ARTIFACTS.c.size_bytes), 0))).scalar_one())


def beyond(rows: Iterator[Row[Any]], over: int) -> Iterator[Row[Any]]:
    """The first of these artifacts that have to go for `over` bytes to be freed."""
    while over > 0 and (row := next(rows, None)) is not None:
        over -= row.size_bytes
        yield row


def inputs(conn: Connection, before: datetime, limit: int | None = None) -> list[Row[Any]]:
    """Digest, path and size of inputs last used before, and of no unfinished operation, longest unused first."""
    needed = _needed(conn)
    asked: Select[Any] = (
        select(INPUTS.c.sha256, INPUTS.c.path, INPUTS.c.size_bytes)
        .where(INPUTS.c.used_at < before)
        .order_by(INPUTS.c.used_at, INPUTS.c.sha256)
    )
    found = [row for row in conn.execute(asked) if row.sha256 not in needed]
    return found if limit is None else found[:limit]


def oldest_remembered(conn: Connection, since: datetime) -> datetime | None:
    """When the oldest operation was admitted that has not ended, or ended after `since`."""
    late = or_(OPERATIONS.c.state.not_in(TERMINAL), OPERATIONS.c.finished_at >= since)
    found: datetime | None = conn.execute(select(func.min(OPERATIONS.c.created_at)).where(late)).scalar_one()
    return found


def _needed(conn: Connection) -> set[str]:
    """Everything in requests of unfinished operations that may be an input's digest, whatever its kind calls it."""
    rows = conn.execute(select(OPERATIONS.c.request).where(OPERATIONS.c.state.not_in(TERMINAL)))
    return {text for row in rows for text in _texts(row.request) if len(text) == _SHA256_DIGITS}


def _texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _texts(child)
