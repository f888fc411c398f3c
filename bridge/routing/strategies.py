"""The order of the accounts that could serve."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bridge.accounts.account import Account
from bridge.accounts.leases import Used, count
from bridge.routing.needs import Needs
from core.contracts.quota import QuotaFact
from core.contracts.routing import Strategy

IN_TURN = frozenset({Strategy.ROUND_ROBIN, Strategy.WEIGHTED})

_WEIGHTS = {"go": 2, "plus": 4, "pro": 10, "team": 4, "business": 4, "enterprise": 4, "edu": 4}
_STATUSES = {"sufficient": 0, "unknown": 1, "insufficient": 2}
_ENDLESS = float("inf")


@dataclass(slots=True)
class Scene:
    """What is seen of the accounts in one transaction.

    Attributes:
        used: every slot that is taken.
        trying: accounts and scopes of ended cooldowns that somebody is trying out.
        pool: every alias.
        turns: by strategy, what each account has to its credit.
    """

    used: Used
    now: datetime
    trying: set[tuple[str, str]] = field(default_factory=set)
    pool: frozenset[str] = frozenset()
    turns: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    shuffle: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class Score:
    """What an account's place comes from; the smaller key goes first.

    Attributes:
        load: taken share of the scarcest slots, 0 to 1.
        quota: what is known to be left of what the request takes.
        credit: what it has under a strategy that takes turns; whoever has the most is next.
    """

    key: tuple[float, ...]
    load: float
    quota: QuotaFact
    credit: float | None = None


def weight_of(account: Account) -> int:
    """How often an account is chosen in comparison with others: as the operator said, else by its plan."""
    return account.memory.weight or _WEIGHTS.get((account.plan or "").lower(), 1)


def share_of(strategy: Strategy, account: Account) -> float:
    """What an account is credited at each choice, under a strategy that takes turns."""
    return float(weight_of(account)) if strategy is Strategy.WEIGHTED else 1.0


def ranked(able: Sequence[Account], needs: Needs, scene: Scene) -> list[tuple[Account, Score]]:
    """The accounts in the order in which they serve; of equal ones the pool's or the request's order decides."""
    strategy = needs.strategy or Strategy.AUTO
    scored = [(account, _score(strategy, account, needs, scene)) for account in able]
    scored.sort(key=lambda entry: entry[1].key)
    return scored


def _score(strategy: Strategy, account: Account, needs: Needs, scene: Scene) -> Score:
    quota, load = account.quota(needs.features), _load(account, needs, scene.used)
    if strategy in IN_TURN:
        credit = scene.turns.get(strategy, {}).get(account.alias, 0.0) + share_of(strategy, account)
        return Score((-credit,), load, quota, credit)
    return Score(_KEYS[strategy](load, quota, scene), load, quota)


def _load(account: Account, needs: Needs, used: Used) -> float:
    shares = (count(used, account.alias, bucket) / max(account.slots(bucket), 1) for bucket in needs.buckets)
    return max(shares, default=0.0)


def _left(quota: QuotaFact) -> tuple[float, float]:
    """The most first; of as much, what is reset sooner, because it is lost otherwise."""
    until = _ENDLESS if quota.until is None else quota.until.timestamp()
    return -(quota.remaining or 0.0), until


_KEYS: Mapping[Strategy, Callable[[float, QuotaFact, Scene], tuple[float, ...]]] = {
    Strategy.AUTO: lambda load, quota, scene: (_STATUSES[quota.status], load, *_left(quota)),
    Strategy.QUOTA_AWARE: lambda load, quota, scene: (_STATUSES[quota.status], *_left(quota), load),
    Strategy.LEAST_BUSY: lambda load, quota, scene: (load,),
    Strategy.RANDOM: lambda load, quota, scene: (scene.shuffle(),),
    Strategy.FAILOVER: lambda load, quota, scene: (),
    Strategy.STICKY: lambda load, quota, scene: (),
}
