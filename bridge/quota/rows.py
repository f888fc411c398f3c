"""The rows of quota, and the number that says when one changed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row

from bridge.quota.readings import AccountQuota, Reading
from bridge.store.types import from_microseconds, to_microseconds
from provider.interface.accounts import ModelLimit

Key: TypeAlias = tuple[str, str]
"""An account and a feature."""

_NAME = "quota"
_KEEP_READING = (
    "INSERT INTO quota_readings"
    " (account, feature, status, remaining, quota, resets_at, description, at, source, spent)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (account, feature) DO UPDATE SET status = excluded.status,"
    " remaining = excluded.remaining, quota = excluded.quota, resets_at = excluded.resets_at,"
    " description = excluded.description, at = excluded.at, source = excluded.source, spent = excluded.spent"
    " WHERE excluded.at > quota_readings.at"
)
_KEEP_ACCOUNT = (
    "INSERT INTO quota_accounts (account, default_model, model_limits, at, source) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (account) DO UPDATE SET default_model = excluded.default_model,"
    " model_limits = excluded.model_limits, at = excluded.at, source = excluded.source"
    " WHERE excluded.at > quota_accounts.at"
)
_SPEND = "UPDATE quota_readings SET spent = spent + ? WHERE account = ? AND feature = ? AND at = ?"
_KEEP_HISTORY = (
    "INSERT INTO quota_history (account, feature, status, remaining, resets_at, at, source)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class Remembered:
    """All rows at one revision, by account."""

    revision: int
    accounts: Mapping[str, AccountQuota]


@dataclass(frozen=True, slots=True)
class Change:
    """What one process learnt since it last wrote.

    Attributes:
        readings: newer than what the database had.
        spent: taken since readings that the database has already, with the time of those.
        accounts: limits as a whole.
        history: readings that differ from those before them.
    """

    readings: Mapping[Key, Reading]
    spent: Mapping[Key, tuple[float, datetime]]
    accounts: Mapping[str, AccountQuota]
    history: Iterable[tuple[str, Reading]]


def recall(conn: Connection, *, known: int | None = None) -> Remembered | None:
    """Every row, or `None` when the revision is still `known`."""
    value = conn.exec_driver_sql("SELECT value FROM revisions WHERE name = ?", (_NAME,)).scalar()
    current = int(value or 0)
    if current == known:
        return None
    features: dict[str, dict[str, Reading]] = {}
    for row in conn.exec_driver_sql("SELECT * FROM quota_readings"):
        features.setdefault(row.account, {})[row.feature] = _reading(row)
    whole = {row.account: row for row in conn.exec_driver_sql("SELECT * FROM quota_accounts")}
    names = features.keys() | whole.keys()
    return Remembered(current, {name: _account(features.get(name, {}), whole.get(name)) for name in names})


def keep(conn: Connection, change: Change) -> None:
    """Write what was learnt; of two readings the newer counts, of what was taken the sum."""
    change = _current(conn, change)
    _keep_readings(conn, change.readings)
    for (account, feature), (amount, at) in change.spent.items():
        conn.exec_driver_sql(_SPEND, (amount, account, feature, to_microseconds(at)))
    for account, quota in change.accounts.items():
        assert quota.at is not None
        limits = json.dumps([_limit(limit) for limit in quota.model_limits])
        whole = (account, quota.default_model, limits, to_microseconds(quota.at), quota.source)
        conn.exec_driver_sql(_KEEP_ACCOUNT, whole)
    for account, reading in change.history:
        values = (account, reading.feature, reading.status, reading.left, _us(reading.resets_at), _us(reading.at))
        conn.exec_driver_sql(_KEEP_HISTORY, (*values, reading.source))
    _bump(conn)


def renew(conn: Connection, readings: Mapping[Key, Reading]) -> None:
    """Write readings that are newer than what every process knows, and have all of them look."""
    _keep_readings(conn, readings)
    _bump(conn)


def _current(conn: Connection, change: Change) -> Change:
    """Without what was learnt before the account's present capture took its place: that may be another login's."""
    rows = conn.exec_driver_sql("SELECT alias, health_since FROM accounts WHERE health_since IS NOT NULL")
    since: dict[str, int] = {row.alias: row.health_since for row in rows}

    def counts(account: str, at: datetime | None) -> bool:
        return at is not None and to_microseconds(at) >= since.get(account, 0)

    return Change(
        {key: reading for key, reading in change.readings.items() if counts(key[0], reading.at)},
        change.spent,
        {account: quota for account, quota in change.accounts.items() if counts(account, quota.at)},
        [(account, reading) for account, reading in change.history if counts(account, reading.at)],
    )


def forget_history(conn: Connection, before: datetime) -> None:
    """Remove old readings."""
    conn.exec_driver_sql("DELETE FROM quota_history WHERE at < ?", (to_microseconds(before),))


def forget_login(conn: Connection, account: str) -> None:
    """Remove what is known of an account and what was known before: it is another login's from now on."""
    forget(conn, (account,))
    conn.exec_driver_sql("DELETE FROM quota_history WHERE account = ?", (account,))


def forget(conn: Connection, accounts: Collection[str]) -> None:
    """Remove what is known of accounts; their history stays until it is old."""
    for account in accounts:
        conn.exec_driver_sql("DELETE FROM quota_readings WHERE account = ?", (account,))
        conn.exec_driver_sql("DELETE FROM quota_accounts WHERE account = ?", (account,))
    _bump(conn)


def history(
    conn: Connection, *, accounts: Collection[str], feature: str | None, since: datetime, limit: int
) -> list[tuple[str, Reading]]:
    """Readings from `since` on, of some accounts or of all, oldest first; of too many the newest are given."""
    among = f" AND account IN ({', '.join('?' * len(accounts))})" if accounts else ""
    rows = conn.exec_driver_sql(
        f"SELECT * FROM quota_history WHERE at >= ? AND (? IS NULL OR feature = ?){among}"
        " ORDER BY at DESC, id DESC LIMIT ?",
        (to_microseconds(since), feature, feature, *accounts, limit),
    ).all()
    return [
        (
            row.account,
            Reading(
                row.feature,
                row.status,
                from_microseconds(row.at),
                row.source,
                remaining=row.remaining,
                resets_at=_time(row.resets_at),
            ),
        )
        for row in reversed(rows)
    ]


def _keep_readings(conn: Connection, readings: Mapping[Key, Reading]) -> None:
    for (account, _), reading in readings.items():
        conn.exec_driver_sql(_KEEP_READING, (account, *_values(reading)))


def _bump(conn: Connection) -> None:
    conn.exec_driver_sql(
        "INSERT INTO revisions (name, value) VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1",
        (_NAME,),
    )


def _values(reading: Reading) -> tuple[Any, ...]:
    return (
        reading.feature,
        reading.status,
        reading.remaining,
        reading.quota,
        _us(reading.resets_at),
        reading.description,
        _us(reading.at),
        reading.source,
        reading.spent,
    )


def _reading(row: Row[Any]) -> Reading:
    return Reading(
        row.feature,
        row.status,
        from_microseconds(row.at),
        row.source,
        remaining=row.remaining,
        quota=row.quota,
        resets_at=_time(row.resets_at),
        description=row.description,
        spent=row.spent,
    )


def _account(features: Mapping[str, Reading], whole: Row[Any] | None) -> AccountQuota:
    if whole is None:
        return AccountQuota(features)
    limits = tuple(
        ModelLimit(limit["slug"], limit["instead"], _time(limit["resets_at"]))
        for limit in json.loads(whole.model_limits)
    )
    return AccountQuota(features, limits, whole.default_model, from_microseconds(whole.at), whole.source)


def _limit(limit: ModelLimit) -> dict[str, Any]:
    return {"slug": limit.slug, "instead": limit.instead, "resets_at": _us(limit.resets_at)}


def _us(value: datetime | None) -> int | None:
    return None if value is None else to_microseconds(value)


def _time(value: int | None) -> datetime | None:
    return None if value is None else from_microseconds(value)
