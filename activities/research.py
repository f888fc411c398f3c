"""Deep Research after its turn: followed, decided on, kept."""

from __future__ import annotations

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.errors import final, translated
from activities.heartbeat import beating
from activities.upstream import Upstream
from activities.watching import Watch
from bridge.files.reports import Reports
from bridge.operations.records import Operations
from bridge.operations.researches import Researches
from bridge.operations.submissions import Submissions
from core.contracts.operations import OperationRecord, OperationState
from core.contracts.steps import Closed, PlanStepInput, PlanStepped, SaveReportInput, Watched, WatchInput
from core.errors import (
    AccountError,
    BridgeError,
    InternalError,
    OperationError,
    PlanNotWaitingError,
    ResearchFailedError,
)


class ResearchActivities:
    """Follows researches by docs/protocol.md section 6. Their turn is sent before; nothing here costs quota."""

    def __init__(
        self,
        operations: Operations,
        submissions: Submissions,
        researches: Researches,
        upstream: Upstream,
        reports: Reports,
    ) -> None:
        self._operations = operations
        self._submissions = submissions
        self._researches = researches
        self._upstream = upstream
        self._reports = reports

    @activity.defn
    async def watch_research(self, given: WatchInput) -> Watched:
        """Follow the research until it is in another phase, keeping every update in the journal.

        Reads only, and goes on from the journal's offset: it may be repeated at will, and two of them do no harm.
        """
        with translated():
            record, book, notes = await self._researches.open(given.operation_id)
            watch = Watch(
                given,
                record,
                book,
                notes,
                submissions=self._submissions,
                researches=self._researches,
                upstream=self._upstream,
            )
            async with beating(watch.look):
                try:
                    return await watch.run()
                except (ResearchFailedError, OperationError):
                    raise
                except BridgeError as error:
                    raise await self._trouble(record, error, given.max_upstream_failures) from error

    @activity.defn
    async def approve_plan(self, given: PlanStepInput) -> PlanStepped:
        """Have upstream begin now. The approval is in the journal first; approving twice is approving once."""
        with translated():
            notes = await self._researches.decide(given.operation_id, "approve")
            if notes.phase == "waiting_plan":
                await self._tell(given)
            return PlanStepped(last_event=notes.last_event)

    @activity.defn
    async def edit_plan(self, given: PlanStepInput) -> PlanStepped:
        """Tell upstream what to change in the plan.

        Changes are counted in the journal. A repeat sends nothing where the change is counted, or where upstream shows
        another plan than the one that the change was about: an attempt that died has sent it then.
        """
        with translated():
            _, _, notes = await self._researches.open(given.operation_id)
            if notes.edits >= given.edit:
                return PlanStepped(last_event=notes.last_event)
            repeated = activity.info().attempt > 1 or (notes.plan is not None and notes.plan.decision == "edit")
            notes = await self._researches.decide(given.operation_id, "edit", text=given.text)
            if notes.phase != "waiting_plan":
                raise PlanNotWaitingError("The research waits for its plan no more.")
            if not repeated or notes.mark == given.mark:
                await self._tell(given)
            notes = await self._researches.edited(given.operation_id, given.edit)
            return PlanStepped(last_event=notes.last_event)

    @activity.defn
    async def reject_plan(self, given: PlanStepInput) -> PlanStepped:
        """Note that the plan was rejected; `stop_turn` does the rest. Safe to repeat."""
        with translated():
            notes = await self._researches.decide(given.operation_id, "reject")
            return PlanStepped(last_event=notes.last_event)

    @activity.defn
    async def save_report(self, given: SaveReportInput) -> Closed:
        """Write the report and the list of its sources as files, and complete the operation.

        Their rows, the terminal record, the last event and the release are one transaction. Idempotent: the files' ids
        derive from the operation, their content from the journal, and the first close counts.
        """
        with translated():
            record, _ = await self._submissions.begin_saving(given.operation_id)
            if record.state.terminal:
                return Closed(state=record.state, failure=record.failure, last_event=record.last_event)
            report = await self._researches.report(record.id)
            if report is None:
                raise InternalError("A report that was to be saved is not in the database.")
            async with beating():
                kept = await self._reports.write(record, report)
            return await self._operations.close(record.id, OperationState.COMPLETED, results=kept)

    async def _tell(self, given: PlanStepInput) -> None:
        record, book, _ = await self._researches.open(given.operation_id)
        if book.account is None or book.research is None:
            raise PlanNotWaitingError("The research is not known upstream.")
        try:
            # Whoever follows the research ends the operation when its time is over.
            async with self._upstream.waiting(record, book.account, None) as session, beating():
                if given.decision == "edit":
                    await session.edit_plan(book.research, given.text)
                else:
                    await session.approve_plan(book.research)
        except BridgeError as error:
            raise await self._trouble(record, error, given.max_upstream_failures) from error

    async def _trouble(self, record: OperationRecord, error: BridgeError, limit: int) -> ApplicationError:
        """What an error of upstream means for the activity that met it."""
        book = await self._submissions.read(record.id)
        if book.account is not None:
            await self._upstream.learn(record, book.account, error)
        if error.retryable and not isinstance(error, AccountError):
            return await self._upstream.again(record.id, error, limit)
        return final(error)
