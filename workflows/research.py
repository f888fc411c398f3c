"""Deep Research: started once, followed to its report, its plan decided on by a person or by default."""

from __future__ import annotations

from datetime import datetime, timedelta

from temporalio import workflow

from activities.errors import final
from activities.research import ResearchActivities
from core.contracts.failure import Failure, failure_of
from core.contracts.operations import OperationState
from core.contracts.steps import (
    Closed,
    OperationInput,
    OperationResult,
    PlanDecided,
    PlanDecisionInput,
    PlanStepInput,
    PlanStepped,
    SaveReportInput,
    Watched,
    WatchInput,
)
from core.errors import InvalidRequestError
from workflows import policies
from workflows.operation import Ended, OperationWorkflow, Over, result
from workflows.plans import Decision, refused, told, too_late

_ALMOST = timedelta(seconds=2)
"""How much earlier than the workflow a watcher of the log may know of a plan."""

_SAVING = "The report is written."
_RUNNING = "Upstream is researching."


@workflow.defn(name="ResearchWorkflow")
class ResearchWorkflow(OperationWorkflow):
    """One research.

    `accepted` → `waiting_for_account` → `submitting` → `waiting_for_plan` (only where upstream shows one) → `running` →
    `saving` → `completed`; `cancelled` and `failed` from each of them. Upstream is followed by one long activity, which
    ends wherever the research gets to another phase.

    While a plan waits it may be decided on: by the update `decide_plan`, which learns whether it came too late, or by
    the signals `approve_plan`, `edit_plan` and `reject_plan`, which are passed over where no plan waits. A plan that
    nobody has to decide on is approved after a delay, and upstream may start by itself at any time. A rejected research
    is stopped upstream and ends `cancelled`.
    """

    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)
        self._waiting: Watched | None = None
        self._decision: Decision | None = None
        self._edits = 0
        self._launching = False

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        """Have it researched; the report is in the operation's record."""
        ended = await self.operate()
        await workflow.wait_condition(workflow.all_handlers_finished)
        return ended

    @workflow.update(description="Approve, reject or edit the plan that waits.")
    async def decide_plan(self, given: PlanDecisionInput) -> PlanDecided:
        """Carry a decision out; returns once upstream knows of it."""
        if self._launching:
            await self._launched()
        version = self._waiting.plan.version if self._waiting and self._waiting.plan else None
        decision = self._taken(given)
        await workflow.wait_condition(lambda: decision.done)
        if decision.failure is not None:
            raise refused(decision.failure)
        return PlanDecided(decision=given.decision, version=version)

    @decide_plan.validator
    def _is_in_time(self, given: PlanDecisionInput) -> None:
        if given.decision == "edit" and not given.text.strip():
            raise final(InvalidRequestError("An edit says what to change in the plan.", param="text"))
        if not self._undecided and not self._launching:
            raise final(too_late())

    @workflow.signal(description="Have the research begin with its plan.")
    def approve_plan(self) -> None:
        """Approve the plan that waits."""
        self._signalled(PlanDecisionInput(decision="approve"))

    @workflow.signal(description="Give the research up because of its plan.")
    def reject_plan(self) -> None:
        """Reject the plan that waits."""
        self._signalled(PlanDecisionInput(decision="reject"))

    @workflow.signal(description="Say in words what to change in the plan.")
    def edit_plan(self, text: str) -> None:
        """Have the plan that waits changed."""
        self._signalled(PlanDecisionInput(decision="edit", text=text))

    async def work(self) -> Closed:
        """Start it, follow it, keep the report."""
        await self.submitted()
        await self._followed()
        self.show(OperationState.SAVING, note=_SAVING)
        return await self.step(
            workflow.start_activity_method(
                ResearchActivities.save_report,
                SaveReportInput(operation_id=self.given.operation_id),
                **policies.upstream_call(self.given.timings),
            )
        )

    # --- Following it

    async def _followed(self) -> None:
        """Until the report is in the database.

        Raises:
            Ended, Over: there is none.
        """
        launch_until = workflow.now() + self.given.timings.launch
        seen: Watched | None = None
        self._launching = True
        while True:
            watching = self._watch(seen, launch_until)
            waits = seen is not None and seen.phase == "waiting_plan"
            seen = await (self._decided(watching, seen) if seen is not None and waits else self.step(watching))
            self._launching = False
            if seen.phase == "completed":
                return
            await self._on(seen)

    async def _on(self, seen: Watched) -> None:
        """Show where it is now, or end."""
        if seen.phase == "over":
            raise Over
        if seen.phase == "cancelled":
            raise Ended
        if seen.phase == "stopped":
            self.cancelling = True
            await self.raise_if_cancelled()
        if seen.phase == "waiting_plan":
            note = told(seen.plan, asks=seen.asks)
            self.show(OperationState.WAITING_FOR_PLAN, note=note, last_event=seen.last_event)
        else:
            self.show(OperationState.RUNNING, note=_RUNNING, last_event=seen.last_event)

    def _watch(self, seen: Watched | None, launch_until: datetime) -> workflow.ActivityHandle[Watched]:
        timings, deadline = self.given.timings, self.deadline
        if seen is not None and seen.phase == "waiting_plan":
            deadline = min(deadline, workflow.now() + timings.plan_limit)
        return workflow.start_activity_method(
            ResearchActivities.watch_research,
            WatchInput(
                operation_id=self.given.operation_id,
                phase="launching" if seen is None else "waiting_plan" if seen.phase == "waiting_plan" else "running",
                plan=None if seen is None else seen.mark,
                launch_until=launch_until,
                deadline=deadline,
                silence=timings.silence,
                max_upstream_failures=timings.research_failures,
            ),
            **policies.upstream_stream(timings),
        )

    # --- Its plan

    @property
    def _undecided(self) -> bool:
        return self._waiting is not None and self._decision is None and not self.cancelling

    async def _launched(self) -> None:
        """Until the first phase is known, or is not the one that the log told of."""
        try:
            await workflow.wait_condition(lambda: self._waiting is not None, timeout=_ALMOST)
        except TimeoutError:
            return

    def _taken(self, given: PlanDecisionInput) -> Decision:
        """Put a decision in the run loop's way; one that came too late is done."""
        decision = Decision(given)
        if self._undecided:
            self._decision = decision
        else:
            decision.end(failure_of(too_late()))
        return decision

    def _signalled(self, given: PlanDecisionInput) -> None:
        if self._taken(given).done:
            workflow.logger.warning("a decision about a plan came when none was waiting")

    async def _decided(self, watching: workflow.ActivityHandle[Watched], seen: Watched) -> Watched:
        """Carry decisions out as they come, until the watch sees that the plan waits no more or is another one."""
        self._waiting, self._edits = seen, max(self._edits, seen.edits)
        if seen.plan is not None and seen.plan.decision in ("approve", "reject"):
            # Decided on by a run whose history is lost: upstream may not have been told.
            self._taken(PlanDecisionInput(decision=seen.plan.decision))
        due = self._due(seen)
        try:
            while not watching.done():
                await self._news(watching, due)
                await self.raise_if_cancelled()
                if watching.done():
                    break
                decision = self._decision or self._taken(PlanDecisionInput(decision="approve"))
                await self._carry_out(decision, watching, seen)
                due = self._due(seen)
            return await result(watching)
        finally:
            self._waiting = None
            if self._decision is not None:
                self._decision.end(failure_of(too_late()))
                self._decision = None

    def _due(self, seen: Watched) -> datetime | None:
        """When the plan is approved by itself; `None`: it waits for a person, or was approved."""
        by_itself = self._waiting is not None and not seen.asks
        return workflow.now() + self.given.timings.plan_delay if by_itself else None

    async def _news(self, watching: workflow.ActivityHandle[Watched], due: datetime | None) -> None:
        """Wait for a decision, a cancel, news of upstream, or the end of the delay."""

        def came() -> bool:
            return watching.done() or self._decision is not None

        if due is None:
            await workflow.wait_condition(lambda: self.cancelling or came())
        else:
            await self.pause(due - workflow.now(), unless=came)

    async def _carry_out(self, decision: Decision, watching: workflow.ActivityHandle[Watched], seen: Watched) -> None:
        """Tell upstream. What fails leaves the plan waiting, and whoever decided is told."""
        failure: Failure | None = failure_of(too_late())
        try:
            failure = await self._told_upstream(decision.given, watching, seen)
        finally:
            decision.end(failure)
            self._decision = None
        if failure is not None:
            return
        if decision.given.decision == "approve":
            self._waiting = None
        if decision.given.decision == "reject":
            self.cancelling = True
            await self.raise_if_cancelled()

    async def _told_upstream(
        self, given: PlanDecisionInput, watching: workflow.ActivityHandle[Watched], seen: Watched
    ) -> Failure | None:
        """Why upstream could not be told, `None` when it was. What the watch sees meanwhile may make it needless.

        Raises:
            Ended: cancelled.
        """
        self._edits += given.decision == "edit"
        telling = self._start(given, seen)
        await workflow.wait_condition(lambda: telling.done() or watching.done() or self.cancelling)
        await self.raise_if_cancelled()
        if not telling.done():
            now = await result(watching)
            in_time = now.phase == "waiting_plan" if given.decision == "edit" else given.decision == "approve"
            return None if in_time else failure_of(too_late())
        try:
            stepped = await result(telling)
        except Ended as end:
            return end.failure
        self.show(self.status.state, note=told(seen.plan, asks=seen.asks), last_event=stepped.last_event)
        return None

    def _start(self, given: PlanDecisionInput, seen: Watched) -> workflow.ActivityHandle[PlanStepped]:
        steps = {
            "approve": ResearchActivities.approve_plan,
            "edit": ResearchActivities.edit_plan,
            "reject": ResearchActivities.reject_plan,
        }
        step = PlanStepInput(
            operation_id=self.given.operation_id,
            decision=given.decision,
            mark=seen.mark,
            text=given.text,
            edit=self._edits,
            max_upstream_failures=self.given.timings.max_upstream_failures,
        )
        return workflow.start_activity_method(steps[given.decision], step, **policies.upstream_call(self.given.timings))
