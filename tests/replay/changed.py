"""The image workflow with one step too many, for the proof that a replay notices."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from core.contracts.steps import Closed, OperationInput, OperationResult
from workflows.image import ImageWorkflow


@workflow.defn(name="ImageWorkflow")
class ChangedWorkflow(ImageWorkflow):
    """Sleeps before it works."""

    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        return await self.operate()

    async def work(self) -> Closed:
        await self.pause(timedelta(seconds=1))
        return await super().work()
