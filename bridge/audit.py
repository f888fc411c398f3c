"""The audit log: every change an operator makes, with what was there before and after, and never a secret."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select

from bridge.store.engine import Store
from bridge.store.tables import AuditRow
from core.clock import utc_now
from core.errors import InvalidRequestError
from core.redaction import redact

Transaction: TypeAlias = Connection
"""An open transaction of the store, for those who compose work but speak no SQL."""

_AUDIT: Table = AuditRow.metadata.tables[str(AuditRow.__tablename__)]
_LONGEST_NUMBER = 18


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One change. `before` and `after` are `None` where there was nothing, or is nothing any more."""

    number: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Some entries, newest first; `next_cursor` asks for those that follow, `None` when there are no more."""

    items: tuple[AuditEntry, ...]
    next_cursor: str | None


def record(
    conn: Transaction,
    actor: str,
    action: str,
    subject: str,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Write one change into the log, within the transaction that makes it: both are kept, or neither.

    Args:
        actor: who did it: `Caller.actor` of a request, `cli` for a command on this machine, `bridge` for itself.
        action: what was done, as `noun.verb`: `key.created`, `account.paused`, `limits.changed`.
        subject: what it was done to: an alias, a key's id, ...
        before: the fields that changed, as they were; what has the name or the shape of a secret is redacted.
        after: the same fields, as they are now.
    """
    conn.execute(
        insert(_AUDIT).values(
            at=utc_now(), actor=actor, action=action, subject=subject, before=_plain(before), after=_plain(after)
        )
    )


def older(conn: Transaction, before: datetime) -> int:
    """How many entries were written before a time."""
    return conn.execute(select(func.count()).where(_AUDIT.c.at < before)).scalar_one()


def forget(conn: Transaction, before: datetime) -> int:
    """Remove what was written before a time; returns how many entries that were."""
    return conn.execute(delete(_AUDIT).where(_AUDIT.c.at < before)).rowcount


@dataclass(frozen=True, slots=True)
class AuditFilters:
    """Which entries are wanted; `None` leaves a field open.

    Attributes:
        action: one that ends with `.` stands for all that begin so.
        since: written at or after this time.
    """

    action: str | None = None
    subject: str | None = None
    actor: str | None = None
    since: datetime | None = None


_ANY = AuditFilters()


class AuditLog:
    """Reads the log, and writes what is done outside the database."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(self, filters: AuditFilters = _ANY, *, cursor: str | None = None, limit: int = 50) -> AuditPage:
        """Changes, newest first.

        Raises:
            InvalidRequestError: `cursor` is none that a page gave out.
        """
        below = _number(cursor)
        return await self._store.read(lambda conn: _page(conn, filters, below, limit))

    async def add(
        self,
        actor: str,
        action: str,
        subject: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """`record`, in a transaction of its own.

        Raises:
            StoreError: nothing was written; do not do what it would have told of.
        """
        await self._store.write(lambda conn: record(conn, actor, action, subject, before, after), durable=True)


def _page(conn: Connection, filters: AuditFilters, below: int | None, limit: int) -> AuditPage:
    wanted = select(_AUDIT).order_by(_AUDIT.c.number.desc()).limit(limit + 1).where(*_matching(filters))
    if below is not None:
        wanted = wanted.where(_AUDIT.c.number < below)
    rows = conn.execute(wanted).all()
    items = tuple(AuditEntry(**row._mapping) for row in rows[:limit])
    return AuditPage(items, str(items[-1].number) if len(rows) > limit else None)


def _matching(filters: AuditFilters) -> Iterator[ColumnElement[bool]]:
    if filters.action is not None:
        named, action = _AUDIT.c.action, filters.action
        yield named.startswith(action, autoescape=True) if action.endswith(".") else named == action
    if filters.subject is not None:
        yield _AUDIT.c.subject == filters.subject
    if filters.actor is not None:
        yield _AUDIT.c.actor == filters.actor
    if filters.since is not None:
        yield _AUDIT.c.at >= filters.since


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > _LONGEST_NUMBER:
        raise InvalidRequestError("`cursor` is not one that an earlier page gave out.", param="cursor")
    return int(cursor)


def _plain(fields: Mapping[str, Any] | None) -> Any:
    """The fields as JSON knows them, without secrets."""
    return None if fields is None else json.loads(json.dumps(redact(dict(fields)), default=str))
