"""Accounts that upstream had closed, asked again because the operator says that they work."""

from __future__ import annotations

import asyncio

from bridge import audit
from bridge.accounts.account import Health
from bridge.accounts.events import happened
from bridge.accounts.leases import Transaction
from bridge.accounts.memory import bump, recall_one, remember
from bridge.accounts.outcomes import Outcomes
from bridge.accounts.registry import Registry
from bridge.vault import Vault
from core.clock import utc_now
from core.errors import BridgeError
from core.logging import get_logger
from provider.interface.session import Provider

_log = get_logger(__name__)


class Reopening:
    """The one way out of the quarantine `blocked` with the same capture; the others end with a fresh one alone.

    Upstream is asked once, with a read that costs no quota and in a session of its own, and only because somebody said
    so: nothing here happens by itself.
    """

    def __init__(self, vault: Vault, provider: Provider, registry: Registry, outcomes: Outcomes) -> None:
        self._vault = vault
        self._provider = provider
        self._registry = registry
        self._outcomes = outcomes

    async def ask(self, alias: str, *, actor: str) -> BridgeError | None:
        """Whether upstream takes the account; why not, or `None` where it does and the account works again.

        Raises:
            StoreError: it works, and that cannot be written.
        """
        try:
            session = self._provider.open(alias, await asyncio.to_thread(self._vault.read, alias))
            try:
                await session.verify()
            finally:
                await session.aclose()
        except BridgeError as error:
            await self._outcomes.report(alias, error)
            return error
        await self._registry.store.write(lambda conn: _open(conn, alias, actor), durable=True)
        self._registry.changed()
        _log.info("account_reopened", account=alias)
        return None


def _open(conn: Transaction, alias: str, actor: str) -> None:
    before = recall_one(conn, alias)
    if before.health is not Health.BLOCKED:
        return
    now, told = utc_now(), {"before": before.health.value, "after": Health.OK.value}
    remember(conn, alias, now, health=Health.OK.value, health_detail="", health_since=now)
    happened(conn, alias, "health.changed", now, **told, by=actor)
    audit.record(conn, actor, "account.reopened", alias, {"health": told["before"]}, {"health": told["after"]})
    bump(conn)
