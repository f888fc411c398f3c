"""Cooldowns: what upstream refused, until when that is believed, and what ends it earlier.

A cooldown is a guess with a source and an end. After its end one request tries the account; the outcome of that, or the
operator, ends the cooldown or begins the next.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from sqlalchemy import Connection

from bridge.store.types import from_microseconds, to_microseconds
from core.contracts.buckets import TALK, Bucket

Transaction: TypeAlias = Connection
Source = Literal["told", "guessed"]

ACCOUNT = "account"
"""The scope of a cooldown that stands in the way of everything."""


@dataclass(frozen=True, slots=True)
class Cooldown:
    """Something an account must not be asked for.

    Attributes:
        scope: `account`, `model:<slug>` or `bucket:<bucket>`.
        reason: `burst`, `rate_window`, `account_busy`, `forbidden`, `model_limit` or `feature_limit`.
        source: upstream told the end, or it is guessed.
        evidence: what was learnt from, in words.
        since: what is learnt of anything that began earlier ends nothing.
        until: the end.
        cap: the longest that such a cooldown may last.
        strikes: refusals in a row; each doubles the next guess.
        probe: id of the lease that tries the account after the end; it counts while that lease is held.
    """

    scope: str
    reason: str
    source: Source
    evidence: str
    since: datetime
    until: datetime
    cap: timedelta
    strikes: int = 1
    probe: str | None = None

    def over(self, now: datetime) -> bool:
        """Whether its end has passed, so that one request may try."""
        return self.until <= now


@dataclass(frozen=True, slots=True)
class Terms:
    """How long a kind of refusal is believed.

    Attributes:
        guess: for the first refusal that names no end.
        longest_guess: what doubling leads to at most.
        cap: the most that is believed of an end that upstream names.
    """

    reason: str
    guess: timedelta
    longest_guess: timedelta
    cap: timedelta


def begin(
    before: Cooldown | None, scope: str, terms: Terms, *, told_seconds: float | None, evidence: str, now: datetime
) -> Cooldown:
    """The cooldown after a refusal: an end that is told is believed, one that is guessed is doubled each time.

    Of two ends the later counts: a refusal says nothing against an earlier one that goes on for longer.
    """
    strikes = 1 if before is None else before.strikes + 1
    if told_seconds is None:
        source: Source = "guessed"
        lasts, cap = min(terms.guess * 2 ** min(strikes - 1, 16), terms.longest_guess), terms.longest_guess
    else:
        source, cap = "told", terms.cap
        lasts = min(timedelta(seconds=max(told_seconds, 1)), cap)
    fresh = Cooldown(scope, terms.reason, source, evidence, now, now + lasts, cap, strikes)
    if before is not None and before.until > fresh.until:
        return replace(before, since=now, strikes=strikes, probe=None)
    return fresh


def recall(conn: Transaction) -> dict[str, dict[str, Cooldown]]:
    """Every cooldown, by account and scope."""
    found: dict[str, dict[str, Cooldown]] = {}
    for row in conn.exec_driver_sql("SELECT * FROM cooldowns ORDER BY account, scope"):
        found.setdefault(row.account, {})[row.scope] = Cooldown(
            row.scope,
            row.reason,
            row.source,
            row.evidence,
            from_microseconds(row.since),
            from_microseconds(row.until),
            timedelta(seconds=row.cap_seconds),
            row.strikes,
            row.probe,
        )
    return found


def keep(conn: Transaction, alias: str, cooldown: Cooldown) -> None:
    """Write a cooldown in place of the one before it."""
    conn.exec_driver_sql(
        "INSERT OR REPLACE INTO cooldowns"
        " (account, scope, reason, source, evidence, since, until, cap_seconds, strikes, probe)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            alias,
            cooldown.scope,
            cooldown.reason,
            cooldown.source,
            cooldown.evidence,
            to_microseconds(cooldown.since),
            to_microseconds(cooldown.until),
            int(cooldown.cap.total_seconds()),
            cooldown.strikes,
            cooldown.probe,
        ),
    )


def remove(conn: Transaction, alias: str, scopes: Collection[str]) -> None:
    """End cooldowns."""
    for scope in scopes:
        conn.exec_driver_sql("DELETE FROM cooldowns WHERE account = ? AND scope = ?", (alias, scope))


def forget(conn: Transaction, alias: str) -> None:
    """End every cooldown of an account."""
    conn.exec_driver_sql("DELETE FROM cooldowns WHERE account = ?", (alias,))


def try_with(conn: Transaction, alias: str, scopes: Collection[str], lease_id: str) -> None:
    """Say which lease tries the account after the end of these cooldowns."""
    for scope in scopes:
        conn.exec_driver_sql("UPDATE cooldowns SET probe = ? WHERE account = ? AND scope = ?", (lease_id, alias, scope))


def held(conn: Transaction, lease_ids: Sequence[str]) -> frozenset[str]:
    """Those of the leases that are still held."""
    if not lease_ids:
        return frozenset()
    marks = ", ".join("?" * len(lease_ids))
    rows = conn.exec_driver_sql(f"SELECT id FROM leases WHERE id IN ({marks})", tuple(lease_ids))
    return frozenset(row[0] for row in rows)


def limiting(slug: str, buckets: Iterable[Bucket]) -> list[str]:
    """The scopes of limits that a request meets; chat itself has no quota.

    `auto` counts as a model: upstream caps the messages that leave the choice to it as well.
    """
    return [f"model:{slug}", *(f"bucket:{bucket.value}" for bucket in buckets if bucket not in TALK)]


def in_the_way(cooldowns: Mapping[str, Cooldown], scopes: Collection[str]) -> list[Cooldown]:
    """Those of an account's cooldowns that a request meets, the account's own first."""
    return [cooldowns[scope] for scope in (ACCOUNT, *scopes) if scope in cooldowns]
