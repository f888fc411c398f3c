"""What upstream refused, looked at and ended by hand: cooldowns, and what a refusal said of the quota."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge import audit
from bridge.accounts import cooldowns, memory
from bridge.accounts.cooldowns import Cooldown
from bridge.accounts.events import happened
from bridge.accounts.leases import Transaction
from bridge.accounts.registry import Registry
from bridge.quota import rows
from bridge.quota.keeper import QuotaKeeper
from bridge.quota.readings import Reading
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.buckets import FEATURES

_SCOPES = {feature: f"bucket:{bucket.value}" for bucket, feature in FEATURES.items()}


@dataclass(frozen=True, slots=True)
class Cooling:
    """A cooldown of an account; `tried`: its end has passed, and a request is trying the account now."""

    account: str
    cooldown: Cooldown
    tried: bool = False


@dataclass(frozen=True, slots=True)
class Cleared:
    """What was ended by hand.

    Attributes:
        doubted: features that a refusal had called used up, and of which nothing is known now.
    """

    ended: tuple[Cooling, ...]
    doubted: tuple[str, ...]


class Cooldowns:
    """What the operator sees and ends. Ending one spends nothing: the next request tries the account."""

    def __init__(self, store: Store, registry: Registry, keeper: QuotaKeeper) -> None:
        self._store = store
        self._registry = registry
        self._keeper = keeper

    async def all(self, account: str | None = None) -> list[Cooling]:
        """Those of one account or of all, also those whose end has passed and that nothing has disproved yet.

        Raises:
            StoreError: they cannot be read.
        """
        return await self._store.read(lambda conn: _all(conn, account))

    async def clear(self, account: str, scope: str | None = None, *, actor: str) -> Cleared:
        """End an account's cooldown of one scope, or all, and believe no refusal's word of the quota behind them.

        What upstream counted itself stays known.

        Raises:
            AccountNotConfiguredError: there is no such account.
            StoreError: nothing was ended.
        """
        await self._registry.account(account)
        # A refusal of this very second may not be written yet.
        await self._keeper.settle()
        cleared = await self._store.write(lambda conn: _clear(conn, account, scope, actor), durable=True)
        await self._keeper.settle()
        if cleared.ended or cleared.doubted:
            self._registry.changed()
        return cleared


def _all(conn: Transaction, account: str | None) -> list[Cooling]:
    found, now = cooldowns.recall(conn), utc_now()
    wanted = [
        (alias, cooldown)
        for alias, scopes in sorted(found.items())
        if account in (None, alias)
        for cooldown in scopes.values()
    ]
    held = cooldowns.held(conn, [cooldown.probe for _, cooldown in wanted if cooldown.probe is not None])
    return [Cooling(alias, cooldown, cooldown.over(now) and cooldown.probe in held) for alias, cooldown in wanted]


def _clear(conn: Transaction, account: str, scope: str | None, actor: str) -> Cleared:
    now = utc_now()
    ends = [one for one in cooldowns.recall(conn).get(account, {}).values() if scope in (None, one.scope)]
    doubted = [one for one in _refused(conn, account) if scope in (None, _SCOPES.get(one.feature))]
    if ends or doubted:
        scopes, features = [one.scope for one in ends], [one.feature for one in doubted]
        cooldowns.remove(conn, account, scopes)
        memory.bump(conn)
        rows.renew(conn, {(account, one.feature): _unknown(one, now) for one in doubted})
        before = {**{one.scope: _told(one) for one in ends}, **{one.feature: _said(one) for one in doubted}}
        happened(conn, account, "cooldown.ended", now, scopes=scopes, features=features, by=actor)
        audit.record(conn, actor, "cooldown.cleared", account, before, dict.fromkeys(before))
    return Cleared(tuple(Cooling(account, one) for one in ends), tuple(one.feature for one in doubted))


def _refused(conn: Transaction, account: str) -> Sequence[Reading]:
    remembered = rows.recall(conn)
    assert remembered is not None
    known = remembered.accounts.get(account)
    features: Mapping[str, Reading] = {} if known is None else known.features
    return [reading for reading in features.values() if reading.source == "refusal"]


def _unknown(reading: Reading, now: datetime) -> Reading:
    """A newer reading that says nothing: it replaces the older one in every process that remembers it."""
    return Reading(reading.feature, "not_reported", now, "operator")


def _told(cooldown: Cooldown) -> str:
    return f"{cooldown.reason} until {cooldown.until.isoformat()}"


def _said(reading: Reading) -> str:
    return "used up" if reading.resets_at is None else f"used up until {reading.resets_at.isoformat()}"
