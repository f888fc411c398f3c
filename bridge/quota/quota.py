"""Quota, put together: what is known, who asks for more, and who keeps it."""

from __future__ import annotations

from collections.abc import Iterable

from bridge.accounts.account import Account
from bridge.accounts.registry import Registry
from bridge.quota.book import QuotaBook
from bridge.quota.keeper import QuotaKeeper
from bridge.quota.probes import Lend, Probes, Report
from bridge.routing.needs import Needs
from bridge.store.engine import Store
from bridge.vault import Vault
from core.settings import QuotaSettings


class Quota:
    """What is left of each account's quota.

    Attributes:
        book: what this process knows now.
        probes: asks upstream.
        keeper: shares it with the other processes, and remembers.
    """

    def __init__(
        self,
        book: QuotaBook,
        settings: QuotaSettings,
        *,
        store: Store,
        vault: Vault,
        registry: Registry,
        lend: Lend,
        report: Report,
    ) -> None:
        self.book = book
        self.probes = Probes(
            book, lend, report, timeout_seconds=settings.probe_seconds, cache_seconds=settings.cache_seconds
        )
        self.keeper = QuotaKeeper(store, book, vault, history_days=settings.history_days)
        self._registry = registry
        self._mode = settings.preflight

    async def start(self) -> None:
        """Read what is remembered, and keep at it.

        Raises:
            StoreError: the rows cannot be read.
        """
        await self.keeper.start()

    async def before_operation(self, needs: Needs) -> None:
        """Ask those accounts of which nothing is known, before an operation is given one."""
        if self._mode != "off":
            await self._preflight(needs)

    async def before_chat(self, needs: Needs) -> None:
        """The same for a chat that brings pictures, where the setting asks for it."""
        if self._mode == "all" and needs.inputs:
            await self._preflight(needs)

    async def refresh(self, accounts: Iterable[Account], *, force: bool = False) -> None:
        """Have the accounts' limits as new as the cache allows."""
        await self.probes.refresh(accounts, force=force)

    async def aclose(self) -> None:
        """Ask nobody any more, and write what is not written yet."""
        await self.probes.aclose()
        await self.keeper.aclose()

    async def _preflight(self, needs: Needs) -> None:
        if not needs.features:
            return
        named = set(needs.accounts)
        accounts = [a for a in await self._registry.snapshot() if not named or a.alias in named]
        # With nobody to choose between, the request itself finds out.
        if len(accounts) > 1:
            await self.probes.preflight(accounts, needs.features)
