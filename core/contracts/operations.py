"""An operation as every process sees it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from core.contracts.artifacts import Artifact
from core.contracts.base import Contract
from core.contracts.failure import Failure
from core.contracts.research import ResearchFacts


class OperationKind(StrEnum):
    """The kinds of long work."""

    IMAGE = "image"
    EDIT = "edit"
    VISION = "vision"
    RESEARCH = "research"
    RESPONSE = "response"


class OperationState(StrEnum):
    """Where an operation stands; the last three are terminal."""

    ACCEPTED = "accepted"
    WAITING_FOR_ACCOUNT = "waiting_for_account"
    UPLOADING = "uploading"
    SUBMITTING = "submitting"
    WAITING_FOR_PLAN = "waiting_for_plan"
    RUNNING = "running"
    SAVING = "saving"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """Nothing changes any more."""
        return self in (OperationState.COMPLETED, OperationState.FAILED, OperationState.CANCELLED)


class SkippedAccount(Contract):
    """Why an account was passed over.

    Attributes:
        account: its alias; empty where there is no account at all.
        until: when it becomes eligible again, `None` when nobody knows.
        text: the reason in words, with what is known of it; the end of a sentence about the account.
    """

    account: str
    reason: str
    until: datetime | None = None
    text: str = ""


class OperationProgress(Contract):
    """What is happening; `total` is `None` when it is not countable."""

    phase: str
    done: int = 0
    total: int | None = None
    message: str = ""


class Member(Contract):
    """Another operation of a group, by the group's lead."""

    id: str
    state: OperationState


class OperationRecord(Contract):
    """The database's view of an operation, and what a workflow query answers.

    Attributes:
        id: operation id = workflow id.
        sequence: admission order, growing.
        owner: id of the API key that made it.
        request: the validated request as JSON, by kind.
        request_digest: SHA-256 of route and validated body.
        message_id: client-made id of the user message, fixed at admission.
        state, last_event: the state and the number of the event that brought it.
        skipped: why each account was passed over, while waiting.
        route: how it came to its account, in short; empty before.
        text: the result in words, of kinds that have one; `None` in lists, and while there is none.
        quota: what is left of each feature, as upstream told it during this run.
        rerun_of, reruns: the operation that this one repeats, and those that repeat this one, oldest first.
        lead: the operation whose request made this one as well, and that answers for all of its group.
        members: of a lead, the others of its group in the order of admission.
        last_cancel_result, last_cancel_error: what the last cancel did, in the words of docs/operations.md.
    """

    id: str
    kind: OperationKind
    state: OperationState
    sequence: int
    owner: str
    request: dict[str, Any]
    request_digest: str
    message_id: str
    model: str
    account: str | None = None
    route: str = ""
    conversation_id: str | None = None
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    progress: OperationProgress | None = None
    skipped: tuple[SkippedAccount, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    text: str | None = None
    research: ResearchFacts | None = None
    quota: dict[str, float] | None = None
    rerun_of: str | None = None
    reruns: tuple[str, ...] = ()
    lead: str | None = None
    members: tuple[Member, ...] = ()
    failure: Failure | None = None
    attempts: int = 0
    last_event: int = 0
    cancel_requested: bool = False
    last_cancel_result: dict[str, Any] | None = None
    last_cancel_error: str | None = None
    detached: bool = False
    cancel_on_disconnect: bool = False

    @property
    def all_ended(self) -> bool:
        """Nothing changes any more, neither here nor at its members."""
        return self.state.terminal and all(member.state.terminal for member in self.members)

    @property
    def any_completed(self) -> bool:
        """It, or one of its members, has a result."""
        return OperationState.COMPLETED in (self.state, *(member.state for member in self.members))


class OperationEvent(Contract):
    """One row of an operation's event log, numbered from 1 without gaps."""

    operation_id: str
    number: int
    type: str
    at: datetime
    data: dict[str, Any]
