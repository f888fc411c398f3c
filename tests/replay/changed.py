"""The workflows with one step too many, for the proof that a replay notices, and that a patch is the way to add it."""

from __future__ import annotations

from datetime import timedelta

from temporalio import workflow

from core.contracts.care import CareInput, CareReport
from core.contracts.retention import RetentionInput, RetentionReport
from core.contracts.steps import Closed, OperationInput, OperationResult
from workflows.account_care import AccountCareWorkflow
from workflows.edit import EditWorkflow
from workflows.image import ImageWorkflow
from workflows.operation import OperationWorkflow
from workflows.research import ResearchWorkflow
from workflows.response import ResponseWorkflow
from workflows.retention import RetentionWorkflow
from workflows.vision import VisionWorkflow

TOO_MANY = timedelta(seconds=1)


class _Sleeps(OperationWorkflow):
    """Sleeps before it works."""

    async def work(self) -> Closed:
        await self.pause(TOO_MANY)
        return await super().work()


@workflow.defn(name="ImageWorkflow")
class ChangedImage(_Sleeps, ImageWorkflow):
    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        return await self.operate()


@workflow.defn(name="EditWorkflow")
class ChangedEdit(_Sleeps, EditWorkflow):
    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        return await self.operate()


@workflow.defn(name="VisionWorkflow")
class ChangedVision(_Sleeps, VisionWorkflow):
    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        return await self.operate()


@workflow.defn(name="ResponseWorkflow")
class ChangedResponse(_Sleeps, ResponseWorkflow):
    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        return await self.operate()


@workflow.defn(name="ResearchWorkflow")
class ChangedResearch(_Sleeps, ResearchWorkflow):
    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        return await self.operate()


@workflow.defn(name="RetentionWorkflow")
class ChangedRetention(RetentionWorkflow):
    @workflow.run
    async def run(self, given: RetentionInput) -> RetentionReport:
        await workflow.sleep(TOO_MANY)
        return await super().run(given)


@workflow.defn(name="AccountCareWorkflow")
class ChangedCare(AccountCareWorkflow):
    @workflow.run
    async def run(self, given: CareInput) -> CareReport:
        await workflow.sleep(TOO_MANY)
        return await super().run(given)


@workflow.defn(name="ImageWorkflow")
class PatchedImage(ImageWorkflow):
    """The same step as `ChangedImage` takes, as CONTRIBUTING.md says that it has to be brought in."""

    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        return await self.operate()

    async def work(self) -> Closed:
        if workflow.patched("sleep-first"):
            await self.pause(TOO_MANY)
        return await super().work()


CHANGED = [ChangedImage, ChangedEdit, ChangedVision, ChangedResponse, ChangedResearch, ChangedRetention, ChangedCare]
