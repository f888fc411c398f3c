"""A look at every account, as often as a schedule says."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.account_care import AccountCareActivities
from core.contracts.care import Canary, CanaryInput, CareInput, CareReport
from workflows import policies

_AT_ONCE = 4
"""Accounts that are asked at the same time; a round is in no hurry."""


@workflow.defn(name="AccountCareWorkflow")
class AccountCareWorkflow:
    """One round: warn of what ends, then ask each account at a moment of its own whether it still works.

    Nobody signals it; cancelling it leaves the accounts that were not asked yet to the next round.
    """

    @workflow.run
    async def run(self, given: CareInput) -> CareReport:
        """Look at every account."""
        workflow.set_current_details("**looking** at the accounts")
        look = await workflow.execute_activity_method(AccountCareActivities.look_at_accounts, **policies.UPKEEP)
        canaries: list[Canary] = []
        if given.canary:
            workflow.set_current_details(f"**asking** {len(look.askable)} accounts within {given.spread}")
            lane = asyncio.Semaphore(_AT_ONCE)
            moments = [workflow.random().uniform(0, given.spread.total_seconds()) for _ in look.askable]
            asking = [_asked(alias, after, lane) for alias, after in zip(look.askable, moments, strict=True)]
            canaries = await asyncio.gather(*asking)
        report = CareReport(accounts=look.accounts, warned=look.warned, canaries=tuple(canaries))
        workflow.set_current_details(str(report))
        return report


async def _asked(alias: str, after: float, lane: asyncio.Semaphore) -> Canary:
    """What an account answered; one that cannot be asked is no reason not to ask the others."""
    await workflow.sleep(timedelta(seconds=after))
    async with lane:
        try:
            return await workflow.execute_activity_method(
                AccountCareActivities.ask_account, CanaryInput(account=alias), **policies.CANARY
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            return Canary(account=alias, outcome="failed")
