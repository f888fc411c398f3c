"""How an account is chosen among those that could serve."""

from __future__ import annotations

from enum import StrEnum


class Strategy(StrEnum):
    """The order in which accounts are asked that are able to serve."""

    AUTO = "auto"
    """Quota known to suffice, then the least busy, then the most left until the reset, then the pool's order."""
    STICKY = "sticky"
    """Always the same account: who answered this conversation before, else the pool's first; never another."""
    FAILOVER = "failover"
    """The pool's order."""
    RANDOM = "random"
    ROUND_ROBIN = "round-robin"
    WEIGHTED = "weighted"
    """In turn, each as often as its weight says, the turns of one account spread evenly."""
    QUOTA_AWARE = "quota-aware"
    """The most left of what the request takes; what nobody knows comes last."""
    LEAST_BUSY = "least-busy"
    """The smallest share of its slots taken."""


SPREADING = frozenset({Strategy.RANDOM, Strategy.ROUND_ROBIN, Strategy.WEIGHTED})
"""Those that spread requests: who asks for one of them does not want equal requests on one account."""

_OTHER_NAMES = {
    "default": Strategy.AUTO,
    "limit-aware": Strategy.QUOTA_AWARE,
    "shuffle": Strategy.RANDOM,
    "rotate": Strategy.ROUND_ROBIN,
    "roundrobin": Strategy.ROUND_ROBIN,
}


def strategy_named(name: str) -> Strategy:
    """The strategy of a name, in any case, with `_` for `-`.

    Raises:
        ValueError: there is none; the message names all of them.
    """
    plain = name.strip().lower().replace("_", "-")
    try:
        return _OTHER_NAMES.get(plain) or Strategy(plain)
    except ValueError:
        raise ValueError(f"must be one of {', '.join(Strategy)}") from None
