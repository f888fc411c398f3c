"""What every operation's workflow shares: state, query, cancel, waiting for an account, failover and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow

from activities.leases import LeaseActivities
from activities.records import RecordActivities
from activities.turns import TurnActivities
from activities.uploads import UploadActivities
from core.contracts.failure import Failure, failure_of
from core.contracts.operations import OperationState
from core.contracts.steps import (
    Closed,
    CloseInput,
    OperationInput,
    OperationResult,
    OperationStatus,
    ReserveInput,
    Standing,
    StopInput,
    Stopped,
    SubmitInput,
    Submitted,
    Uploaded,
    UploadInput,
    UploadsDoneInput,
)
from core.errors import InternalError, OperationTimeoutError, OutcomeUnknownError
from workflows import attributes, policies
from workflows.ending import Ended, Over, elsewhere, fail, result

__all__ = ["Ended", "OperationWorkflow", "Over", "fail", "result"]

T = TypeVar("T")

_UPLOADS_AT_ONCE = 3
_GROWTH = 1.3
"""What the interval between two looks grows by."""


class OperationWorkflow:
    """From reserve to release. A kind's workflow inherits it and implements `work`.

    Handlers record and the run loop acts: `cancel` (anybody who may cancel the operation; again is harmless),
    `account_granted` (whoever freed what this operation was then given), and the query `state`. Temporal's own
    cancellation request counts as `cancel`.
    """

    def __init__(self, given: OperationInput) -> None:
        self._given = given
        self._status = OperationStatus(operation_id=given.operation_id, state=OperationState.ACCEPTED)
        self._granted = False
        self._cancel = False
        self._deadline: datetime | None = None

    @workflow.signal(description="Cancel the operation; upstream is stopped where something was sent.")
    def cancel(self) -> None:
        """Ask for the operation to end as cancelled."""
        self._cancel = True

    @workflow.signal(description="The operation was given an account while it waited in line.")
    def account_granted(self) -> None:
        """Say that the database holds a lease for this operation now."""
        self._granted = True

    @workflow.query(description="Where the operation stands.")
    def state(self) -> OperationStatus:
        """The workflow's view of its operation, with the number of the last event that it knows."""
        return self._status.model_copy(update={"cancel_requested": self._cancel})

    async def work(self) -> Closed:
        """Do what this kind is for; the activity that keeps the result completes the operation as well.

        Raises:
            Ended: there is no result.
        """
        raise NotImplementedError

    async def operate(self) -> OperationResult:
        """Run `work` to an end of whatever kind, and write that end down.

        A request of Temporal to cancel reaches only this method, so that no step is ever cut off by it.
        """
        task = asyncio.create_task(self._operate())
        while True:
            try:
                return await asyncio.shield(task)
            except asyncio.CancelledError:
                if task.done():
                    raise
                self._cancel = True

    async def _operate(self) -> OperationResult:
        try:
            return self._ended(await self.work())
        except Over:
            return OperationResult(operation_id=self._given.operation_id, state=self._status.state)
        except Ended as end:
            state = OperationState.CANCELLED if end.failure is None else OperationState.FAILED
            return await self._close(state, end.failure)
        except Exception:
            # Any other exception would leave the workflow running for ever, deaf to signals. The journal stays.
            workflow.logger.exception("operation failed unexpectedly")
            return await self._close(
                OperationState.FAILED, failure_of(InternalError("The operation's workflow failed."))
            )

    # --- An account, and the turn on it

    async def submitted(self) -> Submitted:
        """Have the turn upstream: on the first account that does not refuse it before accepting it.

        Raises:
            Ended: cancelled, or refused by every account that could serve, or broken.
            Over: it had ended before.
        """
        refused: tuple[str, ...] = ()
        refusal: Ended | None = None
        while True:
            account, inputs = await self._reserved(refused, refusal)
            try:
                if inputs:
                    await self._upload(account, inputs)
                self.show(OperationState.SUBMITTING)
                return await self._submit()
            except Ended as end:
                if not elsewhere(end.failure):
                    raise
                refused, refusal = (*refused, account), end

    async def _reserved(self, refused: tuple[str, ...], refusal: Ended | None) -> tuple[str, int]:
        """The account, and how many inputs have to lie there before the turn is sent."""
        pause = self._given.timings.wait_first
        while True:
            self._granted = False
            standing: Standing = await self.local(
                LeaseActivities.reserve_account,
                ReserveInput(operation_id=self._given.operation_id, exclude=refused),
            )
            self._load(standing)
            if standing.state.terminal:
                raise Over
            if standing.exhausted and refusal is not None:
                raise refusal
            await self.raise_if_cancelled()
            if standing.account is not None:
                self._deadline = self._deadline or workflow.now() + self._given.timings.limit
                return standing.account, 0 if standing.sent else standing.inputs
            self.show(OperationState.WAITING_FOR_ACCOUNT, note=_reasons(standing))
            await self.pause(pause, unless=lambda: self._granted)
            await self.raise_if_cancelled()
            pause = min(pause * 2, self._given.timings.wait_max)

    def _load(self, standing: Standing) -> None:
        self._cancel = self._cancel or standing.cancel_requested
        self._status = self._status.model_copy(
            update={
                "state": standing.state,
                "account": standing.account,
                "conversation_id": standing.conversation_id,
                "skipped": standing.skipped,
                "failure": standing.failure,
                "attempts": standing.attempts,
                "last_event": max(standing.last_event, self._status.last_event),
            }
        )

    async def _upload(self, account: str, inputs: int) -> None:
        """Store every input upstream, a few at a time; what was begun comes to its end before a failure counts."""
        self.show(OperationState.UPLOADING, note=f"Pictures to upload: {inputs}")
        handles: list[workflow.ActivityHandle[Uploaded]] = []
        for position in range(inputs):
            await self._settled(handles, below=_UPLOADS_AT_ONCE)
            if any(handle.done() and handle.exception() is not None for handle in handles):
                break
            handles.append(self._upload_input(account, position))
        await self._settled(handles, below=1)
        for handle in handles:
            self.saw((await result(handle)).last_event)
        await self.local(LeaseActivities.finish_uploads, UploadsDoneInput(operation_id=self._given.operation_id))

    async def _settled(self, handles: Sequence[workflow.ActivityHandle[Uploaded]], *, below: int) -> None:
        """Wait until fewer than `below` of them are at work, at most until the wall limit.

        Raises:
            Ended: cancelled, or the time is over.
        """

        def free() -> bool:
            return sum(not handle.done() for handle in handles) < below

        while not free():
            if self.out_of_time:
                raise fail(OperationTimeoutError("The inputs did not lie upstream when the time was over."))
            await self.pause(self.deadline - workflow.now(), unless=free)
            await self.raise_if_cancelled()

    def _upload_input(self, account: str, position: int) -> workflow.ActivityHandle[Uploaded]:
        return workflow.start_activity_method(
            UploadActivities.upload_input,
            UploadInput(
                operation_id=self._given.operation_id,
                account=account,
                position=position,
                max_upstream_failures=self._given.timings.max_upstream_failures,
            ),
            **policies.upstream_call(self._given.timings),
        )

    async def _submit(self) -> Submitted:
        """Send the turn. A cancel stops upstream at once, and then waits for the sending activity to see it."""
        handle = workflow.start_activity_method(
            TurnActivities.submit_turn,
            SubmitInput(
                operation_id=self._given.operation_id,
                deadline=self.deadline,
                grace=self._given.timings.grace,
                max_upstream_failures=self._given.timings.max_upstream_failures,
            ),
            **policies.upstream_stream(self._given.timings),
        )
        await workflow.wait_condition(lambda: handle.done() or self._cancel)
        if not handle.done() and not (await self.stop()).sent:
            raise Ended
        try:
            submitted = await result(handle)
        except Ended as end:
            if self._cancel and not (end.failure and end.failure.code == OutcomeUnknownError.code):
                raise Ended from end
            raise
        self._status = self._status.model_copy(
            update={
                "conversation_id": submitted.conversation_id,
                "attempts": submitted.attempts,
                "last_event": max(submitted.last_event, self._status.last_event),
            }
        )
        if submitted.status == "cancelled":
            raise Ended
        if submitted.closed is None:
            await self.raise_if_cancelled()
        return submitted

    async def watched(self, look: Callable[[], Awaitable[T | None]], too_late: str) -> T:
        """Look upstream at growing intervals until something is there; past the wall limit exactly once more.

        Raises:
            Ended: cancelled, `look` raised it, or the time is over; `too_late` then says what was missing.
        """
        interval = self._given.timings.poll_first
        while True:
            await self.pause(min(interval, self.deadline - workflow.now()))
            await self.raise_if_cancelled()
            last = self.out_of_time
            found = await look()
            if found is not None:
                return found
            if last:
                raise fail(OperationTimeoutError(too_late, spent=True))
            interval = min(interval * _GROWTH, self._given.timings.poll_max)

    # --- Steps

    @property
    def deadline(self) -> datetime:
        """The wall limit, counted from the moment the first account was there."""
        return self._deadline or workflow.now() + self._given.timings.limit

    @property
    def out_of_time(self) -> bool:
        """Whether the wall limit has passed."""
        return workflow.now() >= self.deadline

    async def local(self, method: Callable[..., Awaitable[T]], argument: Any) -> T:
        """A transaction of our database, as a local activity.

        Raises:
            Ended: it cannot be done at all.
        """
        return await result(workflow.execute_local_activity_method(method, argument, **policies.STORE))

    async def step(self, handle: workflow.ActivityHandle[T]) -> T:
        """The activity's result, unless a cancel comes first.

        Raises:
            Ended: cancelled, or the activity ended in an error that no retry cures.
        """
        await workflow.wait_condition(lambda: handle.done() or self._cancel)
        await self.raise_if_cancelled()
        return await result(handle)

    async def pause(self, length: timedelta, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Sleep on a workflow timer; a cancel, or what `unless` watches, ends it early."""
        if length <= timedelta():
            return
        try:
            await workflow.wait_condition(lambda: self._cancel or unless(), timeout=length)
        except TimeoutError:
            return

    async def stop(self) -> Stopped:
        """Mark the cancel in the journal and stop upstream with the ids found there."""
        return await result(
            workflow.execute_activity_method(
                TurnActivities.stop_turn,
                StopInput(
                    operation_id=self._given.operation_id,
                    max_upstream_failures=self._given.timings.max_upstream_failures,
                ),
                **policies.upstream_call(self._given.timings),
            )
        )

    async def raise_if_cancelled(self) -> None:
        """Stop and end where a cancel has come.

        Raises:
            Ended: it has.
        """
        if self._cancel:
            await self.stop()
            raise Ended

    def saw(self, last_event: int) -> None:
        """Remember the number of the newest event, for the query alone."""
        self._status = self._status.model_copy(update={"last_event": max(last_event, self._status.last_event)})

    def show(self, state: OperationState, *, note: str = "", last_event: int = 0) -> None:
        """Tell the query, the search attributes and Temporal's UI where the operation stands."""
        self._status = self._status.model_copy(
            update={"state": state, "last_event": max(last_event, self._status.last_event)}
        )
        workflow.set_current_details(attributes.details(state, self._status.account, note))
        if self._given.attributes:
            workflow.upsert_search_attributes(attributes.of(state, self._status.account))

    async def _close(self, state: OperationState, failure: Failure | None = None) -> OperationResult:
        closed: Closed = await self.local(
            RecordActivities.close_operation,
            CloseInput(operation_id=self._given.operation_id, state=state, failure=failure),
        )
        return self._ended(closed)

    def _ended(self, closed: Closed) -> OperationResult:
        self._status = self._status.model_copy(update={"failure": closed.failure})
        self.show(closed.state, note=closed.failure.message if closed.failure else "", last_event=closed.last_event)
        return OperationResult(operation_id=self._given.operation_id, state=closed.state)


def _reasons(standing: Standing) -> str:
    return "\n".join(
        f"- `{skip.account}`: {skip.reason}" + (f" until {skip.until:%Y-%m-%d %H:%M:%S} UTC" if skip.until else "")
        for skip in standing.skipped
    )
