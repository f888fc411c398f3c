"""Whose turn it is, shared by all processes: what every account has to its credit under a strategy.

At each choice everybody who could serve is credited their weight, the one with the most serves and pays what all were
credited together. So each serves as often as its weight says, and its turns lie as far apart as they can.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping

from bridge.accounts.leases import Transaction


def read(conn: Transaction, strategy: str) -> Mapping[str, float]:
    """What each account has to its credit; what is missing has nothing."""
    text = conn.exec_driver_sql("SELECT credits FROM turns WHERE strategy = ?", (strategy,)).scalar()
    return {} if text is None else json.loads(text)


def took(
    conn: Transaction,
    strategy: str,
    credits_: Mapping[str, float],
    alias: str,
    weights: Mapping[str, float],
    pool: Collection[str],
) -> Mapping[str, float]:
    """An account served; returns what everybody has to their credit afterwards.

    Args:
        credits_: as `read` said.
        weights: of everybody who could have served.
        pool: whoever is not in it is forgotten; who only could not serve now keeps what they have.
    """
    after = {name: credit for name, credit in credits_.items() if name in pool}
    for name, weight in weights.items():
        after[name] = after.get(name, 0.0) + weight
    after[alias] -= sum(weights.values())
    conn.exec_driver_sql(
        "INSERT INTO turns (strategy, credits) VALUES (?, ?)"
        " ON CONFLICT (strategy) DO UPDATE SET credits = excluded.credits",
        (strategy, json.dumps(after)),
    )
    return after
