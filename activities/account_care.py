"""Care of accounts, as activities."""

from __future__ import annotations

from temporalio import activity

from activities.errors import translated
from activities.heartbeat import beating
from bridge.care.care import Care
from core.contracts.care import Canary, CanaryInput, Look
from core.logging import get_logger

_log = get_logger(__name__)


class AccountCareActivities:
    """Looks at accounts and asks them."""

    def __init__(self, care: Care) -> None:
        self._care = care

    @activity.defn
    async def look_at_accounts(self) -> Look:
        """Warn of captures that end; begun again, it gives no warning twice."""
        with translated():
            async with beating():
                look = await self._care.look()
                _log.info("accounts_looked_at", accounts=look.accounts, warned=len(look.warned))
                return look

    @activity.defn
    async def ask_account(self, given: CanaryInput) -> Canary:
        """Ask one account whether it still works. That it does not is a result, and no error."""
        with translated():
            async with beating():
                return await self._care.ask(given.account)
