"""What happened to each account, kept for people: health, cooldowns, captures, warnings, the operator's changes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Table, delete, func, insert, select

from bridge.accounts.leases import Transaction
from bridge.store.engine import Store
from bridge.store.tables import AccountEventRow
from core.redaction import redact

_EVENTS: Table = AccountEventRow.metadata.tables[str(AccountEventRow.__tablename__)]


@dataclass(frozen=True, slots=True)
class AccountEvent:
    """One thing that happened; `number` grows over all accounts."""

    number: int
    account: str
    at: datetime
    type: str
    data: Mapping[str, Any]


def happened(conn: Transaction, alias: str, type_: str, now: datetime, **data: Any) -> None:
    """Write it down, within the transaction that made it happen.

    Args:
        type_: `noun.verb`: `health.changed`, `cooldown.began`, `capture.replaced`, `expiry.warned`, ...
        data: what a person wants to know of it; what has the name or the shape of a secret is redacted.
    """
    plain = json.loads(json.dumps(redact(data), default=str))
    conn.execute(insert(_EVENTS).values(account=alias, at=now, type=type_, data=plain))


def older(conn: Transaction, before: datetime) -> int:
    """How many events happened before a time."""
    return conn.execute(select(func.count()).where(_EVENTS.c.at < before)).scalar_one()


def forget(conn: Transaction, before: datetime) -> int:
    """Remove what happened before a time; returns how many events that were."""
    return conn.execute(delete(_EVENTS).where(_EVENTS.c.at < before)).rowcount


class AccountEvents:
    """Reads them."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def page(
        self, alias: str | None = None, *, before: int | None = None, limit: int = 50
    ) -> tuple[AccountEvent, ...]:
        """What happened to one account or to all, newest first.

        Args:
            before: only what has a smaller number.

        Raises:
            StoreError: they cannot be read.
        """
        wanted = select(_EVENTS).order_by(_EVENTS.c.number.desc()).limit(limit)
        if alias is not None:
            wanted = wanted.where(_EVENTS.c.account == alias)
        if before is not None:
            wanted = wanted.where(_EVENTS.c.number < before)
        rows = await self._store.read(lambda conn: conn.execute(wanted).all())
        return tuple(AccountEvent(**row._mapping) for row in rows)
