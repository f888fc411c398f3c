"""A picture made of others: they are uploaded, then everything is as for a picture."""

from __future__ import annotations

from temporalio import workflow

from core.contracts.steps import OperationInput, OperationResult
from workflows.image import PictureWorkflow


@workflow.defn(name="EditWorkflow")
class EditWorkflow(PictureWorkflow):
    """One picture made of one to ten others.

    `accepted` → `waiting_for_account` (only where none is free; left by `account_granted`) → `uploading` (each input
    once on the account; on another one all over again, where this one refuses) → `submitting` → `running` (upstream
    works; looked at on a timer, its echoes of the inputs ignored) → `saving` → `completed`. `cancelled` by the signal
    `cancel` from each of them, `failed` likewise; both stop holding the account. A failure leaves the journal, which
    says what was sent.
    """

    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        """Make the picture; the result is in the operation's record."""
        return await self.operate()
