"""The rows of usage."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, Table, func, select

from bridge.store.tables import UsageRow
from core.contracts.usage import UsageCount

Transaction: TypeAlias = Connection
"""An open transaction of the store, for those who compose work but speak no SQL."""

_USAGE: Table = UsageRow.metadata.tables[str(UsageRow.__tablename__)]
_NUMBERS = ("requests", "failures", "prompt_tokens", "completion_tokens")
_ADD = (
    "INSERT INTO usage_counts"
    " (day, owner, account, model, kind, requests, failures, prompt_tokens, completion_tokens)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (day, owner, account, model, kind) DO UPDATE SET"
    " requests = requests + excluded.requests, failures = failures + excluded.failures,"
    " prompt_tokens = prompt_tokens + excluded.prompt_tokens,"
    " completion_tokens = completion_tokens + excluded.completion_tokens"
)
DIMENSIONS = ("day", "owner", "account", "model", "kind")
"""What counts can be told apart by."""


@dataclass(frozen=True, slots=True)
class Key:
    """What is counted together."""

    day: str
    owner: str
    account: str
    model: str
    kind: str


@dataclass(slots=True)
class Tally:
    """How much there was of it."""

    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def add(self, other: Tally) -> None:
        """Count another one in."""
        self.requests += other.requests
        self.failures += other.failures
        self.prompt_tokens += other.prompt_tokens
        self.completion_tokens += other.completion_tokens


def add(conn: Transaction, tallies: Mapping[Key, Tally]) -> None:
    """Add to what was counted before."""
    for key, tally in tallies.items():
        who = (key.day, key.owner, key.account, key.model, key.kind)
        what = (tally.requests, tally.failures, tally.prompt_tokens, tally.completion_tokens)
        conn.exec_driver_sql(_ADD, (*who, *what))


def counts(
    conn: Connection,
    *,
    since: str,
    by: Sequence[str],
    owner: str | None = None,
    accounts: Collection[str] = (),
) -> tuple[UsageCount, ...]:
    """What was counted from a day on, told apart by some dimensions and added up over the others.

    Args:
        by: dimensions, the one first by which the counts are sorted first.
        owner: only this key's; `None` for everybody's.
        accounts: only these; empty for all.
    """
    kept = [_USAGE.c[name] for name in by]
    wanted = select(*kept, *(func.sum(_USAGE.c[name]).label(name) for name in _NUMBERS))
    wanted = wanted.where(_USAGE.c.day >= since).group_by(*kept).order_by(*kept)
    if owner is not None:
        wanted = wanted.where(_USAGE.c.owner == owner)
    if accounts:
        wanted = wanted.where(_USAGE.c.account.in_(accounts))
    rows: list[dict[str, Any]] = [dict(row._mapping) for row in conn.execute(wanted)]
    # Without any dimension there is always one row, of sums of nothing.
    return tuple(UsageCount.model_validate(row) for row in rows if row["requests"] is not None)
