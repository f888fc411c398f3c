"""Whose turn it is, shared by all processes: how far each account has come under a strategy that takes turns."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.accounts.leases import Transaction

_CLOCK = ""
"""The row that says how far the strategy as a whole has come; no account has that name."""


def read(conn: Transaction, strategy: str) -> Mapping[str, float]:
    """How far each account has come; what is missing has come nowhere. The clock is in it."""
    rows = conn.exec_driver_sql("SELECT account, at FROM turns WHERE strategy = ?", (strategy,))
    return {row.account: row.at for row in rows}


def due(turns: Mapping[str, float], alias: str, step: float) -> float:
    """When an account's next turn is; the smallest comes first.

    Whoever was away begins where the others are, so that nobody makes up for turns that were missed.

    Args:
        step: the way from one turn to the next; half of it for whoever comes twice as often.
    """
    return max(turns.get(alias, 0.0), turns.get(_CLOCK, 0.0)) + step


def took(conn: Transaction, strategy: str, alias: str, at: float, step: float) -> None:
    """An account had the turn that was due at `at`."""
    for name, value in ((alias, at), (_CLOCK, at - step)):
        conn.exec_driver_sql(
            "INSERT INTO turns (strategy, account, at) VALUES (?, ?, ?)"
            " ON CONFLICT (strategy, account) DO UPDATE SET at = max(at, excluded.at)",
            (strategy, name, value),
        )
