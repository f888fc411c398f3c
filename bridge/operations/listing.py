"""Pages of operations, newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from bridge.operations.rows import OPERATIONS, records, selection
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.errors import InvalidRequestError


@dataclass(frozen=True, slots=True)
class Page:
    """Some operations, newest first; `next_cursor` asks for those that follow, `None` when there are no more."""

    items: tuple[OperationRecord, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """Which operations; `None` is all of them.

    Attributes:
        since: admitted at this time or later.
        words: stands in the beginning of the prompt, as it is written here; capitals of ASCII do not count.
    """

    kind: OperationKind | None = None
    state: OperationState | None = None
    account: str | None = None
    since: datetime | None = None
    words: str | None = None


def page(conn: Connection, owner: str | None, filters: Filters, *, cursor: str | None, limit: int) -> Page:
    """One page of an owner's operations, `None` for everybody's.

    Raises:
        InvalidRequestError: the cursor is none that a page gave out.
    """
    wanted = [*_of(owner), *_conditions(filters)]
    if filters.since is not None:
        wanted += _since(owner, filters.since)
    if cursor is not None:
        wanted.append(OPERATIONS.c.sequence < _sequence(cursor))
    rows = conn.execute(selection().where(*wanted).order_by(OPERATIONS.c.sequence.desc()).limit(limit + 1)).all()
    items = records(conn, rows[:limit])
    return Page(items=items, next_cursor=str(items[-1].sequence) if len(rows) > limit else None)


def _of(owner: str | None) -> list[ColumnElement[bool]]:
    return [] if owner is None else [OPERATIONS.c.owner == owner]


def _conditions(filters: Filters) -> list[ColumnElement[bool]]:
    columns: dict[str, Any] = {"kind": filters.kind, "state": filters.state, "account": filters.account}
    found = [OPERATIONS.c[name] == str(value) for name, value in columns.items() if value is not None]
    if filters.words:
        found.append(OPERATIONS.c.prompt.icontains(filters.words, autoescape=True))
    return found


def _since(owner: str | None, since: datetime) -> list[ColumnElement[bool]]:
    """Admission goes by time, so the first one in time bounds the walk down the list; a time alone would have all of
    them sorted for every page."""
    first = (
        select(OPERATIONS.c.sequence)
        .where(*_of(owner), OPERATIONS.c.created_at >= since)
        .order_by(OPERATIONS.c.created_at, OPERATIONS.c.sequence)
        .limit(1)
        .scalar_subquery()
    )
    return [OPERATIONS.c.sequence >= first]


def _sequence(cursor: str) -> int:
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > 18:
        raise InvalidRequestError("`cursor` is not one that an earlier page gave out.", param="cursor")
    return int(cursor)
