"""Cooldowns, looked at and ended by hand."""

from __future__ import annotations

from dataclasses import dataclass

from bridge import audit
from bridge.accounts import cooldowns, memory
from bridge.accounts.cooldowns import Cooldown
from bridge.accounts.events import happened
from bridge.accounts.leases import Transaction
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from core.clock import utc_now


@dataclass(frozen=True, slots=True)
class Cooling:
    """A cooldown of an account; `tried`: its end has passed, and a request is trying the account now."""

    account: str
    cooldown: Cooldown
    tried: bool = False


class Cooldowns:
    """What the operator sees and ends. Ending one spends nothing: the next request tries the account."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry

    async def all(self, account: str | None = None) -> list[Cooling]:
        """Those of one account or of all, also those whose end has passed and that nothing has disproved yet.

        Raises:
            StoreError: they cannot be read.
        """
        return await self._store.read(lambda conn: _all(conn, account))

    async def clear(self, account: str, scope: str | None = None, *, actor: str) -> list[Cooling]:
        """End cooldowns of an account: that of one scope, or all. Returns those that were ended.

        Raises:
            AccountNotConfiguredError: there is no such account.
            StoreError: nothing was ended.
        """
        await self._registry.account(account)

        def work(conn: Transaction) -> list[Cooling]:
            there = cooldowns.recall(conn).get(account, {})
            ends = [one for one in there.values() if scope in (None, one.scope)]
            if not ends:
                return []
            scopes = [one.scope for one in ends]
            cooldowns.remove(conn, account, scopes)
            memory.bump(conn)
            happened(conn, account, "cooldown.ended", utc_now(), scopes=scopes, by=actor)
            before = {one.scope: f"{one.reason} until {one.until.isoformat()}" for one in ends}
            audit.record(conn, actor, "cooldown.cleared", account, before, dict.fromkeys(scopes))
            return [Cooling(account, one) for one in ends]

        ended = await self._store.write(work, durable=True)
        if ended:
            self._registry.changed()
        return ended


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
