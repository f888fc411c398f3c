"""Which warnings were given: each once for an account, its capture and a stage, whoever gives it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bridge.accounts.account import Account
from bridge.accounts.events import happened
from bridge.accounts.forecast import Forecast, Stage
from bridge.accounts.leases import Transaction
from bridge.store.types import to_microseconds

_KEPT = timedelta(days=400)
"""Longer than any capture lasts."""

_GIVE = (
    "INSERT INTO expiry_warnings (account, capture_sha256, stage, at) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (account, capture_sha256, stage) DO NOTHING"
)


def unheard(conn: Transaction, found: Iterable[tuple[Account, Forecast]]) -> list[Forecast]:
    """Those that warn, and say more than what was said of the same capture before."""
    return [
        told
        for account, told in found
        if told.stage.warns and told.stage.rank > _said(conn, account.alias, account.capture_sha256)
    ]


def give(conn: Transaction, found: Iterable[tuple[Account, Forecast]], now: datetime) -> list[Forecast]:
    """Write down, as events of the accounts, the warnings that nobody has given; returns them."""
    conn.exec_driver_sql("DELETE FROM expiry_warnings WHERE at < ?", (to_microseconds(now - _KEPT),))
    pairs = list(found)
    fresh = unheard(conn, pairs)
    captures = {account.alias: account.capture_sha256 for account, _ in pairs}
    for told in fresh:
        values = (told.account, captures[told.account], told.stage.value, to_microseconds(now))
        conn.exec_driver_sql(_GIVE, values)
        shown = told.shown()
        happened(conn, told.account, "expiry.warned", now, **shown)
    return fresh


def _said(conn: Transaction, alias: str, capture_sha256: str) -> int:
    """The rank of the worst stage that was warned of."""
    rows = conn.exec_driver_sql(
        "SELECT stage FROM expiry_warnings WHERE account = ? AND capture_sha256 = ?", (alias, capture_sha256)
    )
    return max((Stage(row.stage).rank for row in rows), default=0)
