"""One look at every account: warn of captures that end, and ask upstream whether the account still works."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from bridge.accounts.account import Account
from bridge.accounts.forecast import Forecast, forecast
from bridge.accounts.registry import Registry
from bridge.care import warnings
from bridge.quota.quota import Quota
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.care import Canary, Look, Warned
from core.errors import BridgeError
from core.logging import get_logger

_log = get_logger(__name__)

Report: TypeAlias = Callable[[str, BridgeError | None], Awaitable[None]]


class Care:
    """Foretells, warns and asks; any process may, at any time, as often as it likes."""

    def __init__(self, store: Store, registry: Registry, quota: Quota, report: Report) -> None:
        """Args:
        report: told when an account answered; of what it refuses the quota's own probes tell.
        """
        self._store = store
        self._registry = registry
        self._quota = quota
        self._report = report

    async def forecasts(self) -> tuple[Forecast, ...]:
        """What can be foretold of every account now, in the pool's order.

        Raises:
            StoreError: the accounts cannot be read.
        """
        return tuple(told for _, told in await self._found())

    async def plan(self) -> Look:
        """What `look` would do; nothing is written.

        Raises:
            StoreError: the database cannot be read.
        """
        found = await self._found()
        return _look(found, await self._store.read(lambda conn: warnings.unheard(conn, found)))

    async def look(self) -> Look:
        """Give every warning that was not given yet: an event of the account, and a line in the log.

        Raises:
            StoreError: nothing was written.
        """
        found, now = await self._found(), utc_now()
        fresh = await self._store.write(lambda conn: warnings.give(conn, found, now), durable=True)
        for told in fresh:
            until = None if told.expires_at is None else told.expires_at.isoformat()
            _log.warning(
                "account_expires", account=told.account, stage=told.stage.value, until=until, to_do=told.message
            )
        return _look(found, fresh)

    async def ask(self, alias: str) -> Canary:
        """Ask upstream for an account's limits, which costs no quota; what it says counts as any other outcome.

        One that is paused, quarantined, cooling or not usable is left alone, and so is one that is gone.

        Raises:
            StoreError: the accounts cannot be read.
        """
        await self._registry.snapshot()
        account = self._registry.known(alias)
        began = utc_now()
        if account is None or not account.askable(began):
            return Canary(account=alias, outcome="skipped")
        await self._quota.refresh((account,), force=True)
        probe = self._quota.probes.last(alias)
        if probe is None or probe.at < began:
            return Canary(account=alias, outcome="skipped")
        if probe.error is not None:
            _log.warning("account_canary_failed", account=alias, code=probe.error.code)
            return Canary(account=alias, outcome="failed", code=probe.error.code)
        await self._report(alias, None)
        return Canary(account=alias, outcome="answered")

    async def _found(self) -> list[tuple[Account, Forecast]]:
        accounts, now = await self._registry.snapshot(), utc_now()
        return [(account, forecast(account, now)) for account in accounts]


def _look(found: list[tuple[Account, Forecast]], fresh: list[Forecast]) -> Look:
    now = utc_now()
    return Look(
        accounts=len(found),
        warned=tuple(Warned(account=told.account, stage=told.stage.value, message=told.message) for told in fresh),
        askable=tuple(account.alias for account, _ in found if account.askable(now)),
    )
