"""The removal of what is old, as often as a schedule says."""

from __future__ import annotations

from temporalio import workflow

from activities.retention import RetentionActivities
from core.contracts.retention import RetentionInput, RetentionReport
from workflows import policies


@workflow.defn(name="RetentionWorkflow")
class RetentionWorkflow:
    """One round: a single step, which may be begun again. Completes with what was removed, or fails when it cannot be.

    Nobody signals it; cancelling it ends the step between two transactions, and the next round goes on.
    """

    @workflow.run
    async def run(self, given: RetentionInput) -> RetentionReport:
        """Remove what is old."""
        workflow.set_current_details("**looking** for what is old" if given.dry_run else "**removing** what is old")
        report = await workflow.execute_activity_method(RetentionActivities.remove_expired, given, **policies.UPKEEP)
        workflow.set_current_details(str(report))
        return report
