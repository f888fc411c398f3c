"""What a workflow, its activities and its query say to each other: ids and small facts, never content."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from core.contracts.base import Contract
from core.contracts.buckets import Bucket
from core.contracts.failure import Failure
from core.contracts.images import ImageRef
from core.contracts.operations import (
    OperationKind,
    OperationProgress,
    OperationRecord,
    OperationState,
    SkippedAccount,
)
from core.contracts.research import PlanDecision, ResearchPlan


class OperationTimings(Contract):
    """How an operation waits and gives up; part of the workflow's input so that a test can shorten it.

    Attributes:
        wait_first, wait_max: pause before an operation without an account asks again, and what it grows to.
        poll_first, poll_max: pause before upstream is looked at again, and what it grows to.
        limit: wall limit from the moment an account is there.
        grace: how long a lost submission may take to be listed upstream before it counts as never arrived.
        max_upstream_failures: upstream failures in a row that end the operation.
        heartbeat: silence after which an activity counts as dead.
        call: longest that a few short calls of upstream may take, and that a stream may outlive `limit`.
        plan_delay: how long a research's plan waits for a person before it is approved by itself.
        launch: how long upstream may take to show the research that a turn has started.
        plan_limit: longest that a research may wait for its plan.
        silence: longest that a running research may show nothing new.
        research_failures: like `max_upstream_failures`, for following a research: upstream works on without us.
    """

    wait_first: timedelta = timedelta(seconds=30)
    wait_max: timedelta = timedelta(minutes=5)
    poll_first: timedelta = timedelta(seconds=3)
    poll_max: timedelta = timedelta(seconds=10)
    limit: timedelta = timedelta(minutes=15)
    grace: timedelta = timedelta(seconds=10)
    max_upstream_failures: int = 5
    heartbeat: timedelta = timedelta(seconds=10)
    call: timedelta = timedelta(minutes=2)
    plan_delay: timedelta = timedelta(seconds=60)
    launch: timedelta = timedelta(seconds=60)
    plan_limit: timedelta = timedelta(hours=2)
    silence: timedelta = timedelta(minutes=45)
    research_failures: int = 20


class OperationInput(Contract):
    """What every operation's workflow starts with. `attributes`: the server knows our search attributes."""

    operation_id: str
    kind: OperationKind = OperationKind.IMAGE
    timings: OperationTimings = OperationTimings()
    attributes: bool = False


class OperationResult(Contract):
    """How the workflow ended; the answer itself is in the operation's record."""

    operation_id: str
    state: OperationState


class OperationStatus(Contract):
    """What a workflow knows of its operation now: the answer of the query `state`."""

    operation_id: str
    state: OperationState
    account: str | None = None
    conversation_id: str | None = None
    progress: OperationProgress | None = None
    skipped: tuple[SkippedAccount, ...] = ()
    failure: Failure | None = None
    attempts: int = 0
    last_event: int = 0
    cancel_requested: bool = False

    def applied_to(self, record: OperationRecord) -> OperationRecord:
        """The later of the two: `record` itself, or what the workflow knows more than the row held when it was read.

        Why accounts were passed over changes in the row without an event: of the same event the row's reasons count.
        """
        if record.state.terminal or self.state.terminal or self.last_event < record.last_event:
            return record
        is_newer = self.last_event > record.last_event
        return record.model_copy(
            update={
                "state": self.state,
                "account": self.account,
                "conversation_id": self.conversation_id or record.conversation_id,
                "progress": self.progress or record.progress,
                "skipped": self.skipped if is_newer else record.skipped,
                "attempts": max(self.attempts, record.attempts),
                "last_event": self.last_event,
                "cancel_requested": self.cancel_requested or record.cancel_requested,
            }
        )


class Closed(Contract):
    """The state the operation has for good: that of the first close."""

    state: OperationState
    failure: Failure | None = None
    last_event: int = 0


class ReserveInput(Contract):
    """Reserve an account for an operation; `exclude` are those that refused it before, `causes` their errors' codes."""

    operation_id: str
    exclude: tuple[str, ...] = ()
    causes: dict[str, str] = {}


class Standing(Contract):
    """Where an operation stands by its row and its journal, and the account it holds.

    Attributes:
        sent: a submission left and was not proven absent.
        exhausted: no account is left that has not refused this operation.
        inputs: how many inputs have to lie upstream before the turn is sent.
    """

    state: OperationState
    account: str | None = None
    bucket: Bucket = Bucket.IMAGE
    conversation_id: str | None = None
    sent: bool = False
    cancel_requested: bool = False
    exhausted: bool = False
    skipped: tuple[SkippedAccount, ...] = ()
    failure: Failure | None = None
    attempts: int = 0
    last_event: int = 0
    inputs: int = 0


class UploadInput(Contract):
    """Store an operation's input number `position` upstream, on the account that the operation holds."""

    operation_id: str
    account: str
    position: int
    max_upstream_failures: int


class Uploaded(Contract):
    """An input lies upstream, or nobody needs it there any more."""

    last_event: int = 0


class UploadsDoneInput(Contract):
    """Every input lies upstream: the slot for uploading is given back."""

    operation_id: str


class SubmitInput(Contract):
    """Submit an operation's turn, or find out that it was submitted. `deadline`: when the stream is left by itself."""

    operation_id: str
    deadline: datetime
    grace: timedelta
    max_upstream_failures: int


class Submitted(Contract):
    """What came of a submission.

    `accepted`: upstream has it, and made `assets` or is still at it. `refused`: it answered with `text` instead of a
    picture. `cancelled`: the operation's cancel was seen, and nothing more is to be expected. `answered`: its words
    are the operation's result, which is `closed` with them.
    """

    status: Literal["accepted", "refused", "cancelled", "answered"]
    text: str = ""
    conversation_id: str | None = None
    assets: tuple[ImageRef, ...] = ()
    attempts: int = 0
    last_event: int = 0
    closed: Closed | None = None


class PollInput(Contract):
    """Look upstream for an operation's picture, or for its answer.

    Attributes:
        deadline: how long it waits at most where upstream must not be asked; `None`: for ever.
    """

    operation_id: str
    max_upstream_failures: int
    deadline: datetime | None = None


class Polled(Contract):
    """What upstream held. `refused`: it ended without a picture, `text` says why in upstream's words."""

    status: Literal["pending", "ready", "refused"]
    assets: tuple[ImageRef, ...] = ()
    text: str = ""
    last_event: int = 0


class Answered(Contract):
    """What upstream held of an answer; `None`: it is not ready."""

    closed: Closed | None = None
    last_event: int = 0


class SaveInput(Contract):
    """Fetch and keep finished pictures, in this order, and complete the operation; `deadline` as in `PollInput`."""

    operation_id: str
    assets: tuple[ImageRef, ...]
    max_upstream_failures: int
    deadline: datetime | None = None


class StopInput(Contract):
    """Stop an operation's work upstream."""

    operation_id: str
    max_upstream_failures: int


class Stopped(Contract):
    """What a stop did. `sent`: a submission had left, so that its activity has to come to an end first."""

    sent: bool
    last_event: int = 0


class CloseInput(Contract):
    """End an operation. `failure` is set when, and only when, `state` is `failed`."""

    operation_id: str
    state: Literal[OperationState.COMPLETED, OperationState.FAILED, OperationState.CANCELLED]
    failure: Failure | None = None


class WatchInput(Contract):
    """Follow an operation's research until it is somewhere else than it was seen last.

    Attributes:
        phase: where it was seen last.
        plan: mark of the plan that was seen last, `None` where none waited.
        launch_until: until when upstream may take to show the research at all.
        deadline: when this phase, or the operation, is out of time; then upstream is asked once more.
        silence: longest that it may run without showing anything new.
    """

    operation_id: str
    phase: Literal["launching", "waiting_plan", "running"]
    plan: str | None = None
    launch_until: datetime
    deadline: datetime
    silence: timedelta
    max_upstream_failures: int


class Watched(Contract):
    """Where a research is now. The report itself is kept in the database.

    Attributes:
        phase: `cancelled`: upstream says that somebody stopped it. `stopped`: its end was asked for here. `over`: the
            operation has ended.
        plan: the plan that waits; its `mark` tells it from every other one.
        asks: the plan waits for a person, however long.
        edits: how many changes of the plan were sent so far.
    """

    phase: Literal["waiting_plan", "running", "completed", "cancelled", "stopped", "over"]
    plan: ResearchPlan | None = None
    mark: str | None = None
    asks: bool = False
    edits: int = 0
    last_event: int = 0


class PlanDecisionInput(Contract):
    """What to do with the plan that waits; `text` says what to change, for `edit` alone."""

    decision: PlanDecision
    text: str = ""


class PlanDecided(Contract):
    """A decision that was carried out; `version` is that of the plan that it was about."""

    decision: PlanDecision
    version: int | None = None


class PlanStepInput(Contract):
    """Carry a decision out. `mark` is that of the plan it is about, `edit` the number of the change, from 1."""

    operation_id: str
    decision: PlanDecision
    mark: str | None = None
    text: str = ""
    edit: int = 0
    max_upstream_failures: int


class PlanStepped(Contract):
    """The number of the last event once a decision was carried out."""

    last_event: int = 0


class SaveReportInput(Contract):
    """Write the kept report of a research to its files, and complete the operation."""

    operation_id: str
