"""A question about pictures."""

from __future__ import annotations

from temporalio import workflow

from core.contracts.steps import OperationInput, OperationResult
from workflows.text import TextWorkflow


@workflow.defn(name="VisionWorkflow")
class VisionWorkflow(TextWorkflow):
    """One question about one to ten pictures; the answer is the result.

    `accepted` → `waiting_for_account` (only where none is free; left by `account_granted`) → `uploading` → `submitting`
    → `running` (upstream answers; looked at on a timer where its stream was lost) → `completed`. `cancelled` by the
    signal `cancel` from each of them, `failed` likewise; both stop holding the account. A failure leaves the journal,
    which says what was sent, and what was said until then.

    In a temporary chat a submission or a stream that is lost cannot be looked up: it ends as `outcome_unknown`.
    """

    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        """Get the answer; it is in the operation's record."""
        return await self.operate()
