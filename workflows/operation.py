"""What every operation's workflow shares: state, query, cancel, waiting for an account, failover and the end."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from temporalio import workflow

from activities.leases import LeaseActivities
from activities.records import RecordActivities
from activities.turns import TurnActivities
from core.contracts.failure import Failure, failure_of
from core.contracts.operations import OperationState, SkippedAccount
from core.contracts.steps import (
    Closed,
    CloseInput,
    OperationInput,
    OperationResult,
    OperationStatus,
    ReserveInput,
    Standing,
    SubmitInput,
    Submitted,
)
from core.errors import InternalError, OperationTimeoutError, OutcomeUnknownError
from workflows import policies
from workflows.ending import Ended, Over, elsewhere, fail, kept_away, result
from workflows.run import Run
from workflows.uploading import upload_all

__all__ = ["Ended", "OperationWorkflow", "Over", "fail", "result"]

T = TypeVar("T")

_GROWTH = 1.3
"""What the interval between two looks grows by."""


class OperationWorkflow(Run):
    """From reserve to release. A kind's workflow inherits it and implements `work`.

    Handlers record and the run loop acts: `cancel` (anybody who may cancel the operation; again is harmless),
    `account_granted` (whoever freed what this operation was then given), and the query `state`. Temporal's own
    cancellation request counts as `cancel`.
    """

    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)
        self._granted = False

    @workflow.signal(description="Cancel the operation; upstream is stopped where something was sent.")
    def cancel(self) -> None:
        """Ask for the operation to end as cancelled."""
        self.cancelling = True

    @workflow.signal(description="The operation was given an account while it waited in line.")
    def account_granted(self) -> None:
        """Say that the database holds a lease for this operation now."""
        self._granted = True

    @workflow.query(description="Where the operation stands.")
    def state(self) -> OperationStatus:
        """The workflow's view of its operation, with the number of the last event that it knows."""
        return self.status.model_copy(update={"cancel_requested": self.cancelling})

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
                self.cancelling = True

    async def _operate(self) -> OperationResult:
        try:
            return self._ended(await self.work())
        except Over:
            return OperationResult(operation_id=self.given.operation_id, state=self.status.state)
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
        refused: dict[str, str] = {}
        refusal: Ended | None = None
        while True:
            account, inputs = await self._reserved(refused, refusal)
            try:
                if inputs:
                    await upload_all(self, account, inputs)
                self.show(OperationState.SUBMITTING)
                return await self._submit()
            except Ended as end:
                if kept_away(end.failure):
                    # It gives the account back and waits anew; that one may serve it again once it is well.
                    self.limit = None
                elif elsewhere(end.failure):
                    refused, refusal = {**refused, account: end.failure.code if end.failure else ""}, end
                else:
                    raise

    async def _reserved(self, refused: dict[str, str], refusal: Ended | None) -> tuple[str, int]:
        """The account, and how many inputs have to lie there before the turn is sent; `refused` are those that did."""
        pause = self.given.timings.wait_first
        while True:
            self._granted = False
            standing: Standing = await self.local(
                LeaseActivities.reserve_account,
                ReserveInput(operation_id=self.given.operation_id, exclude=tuple(refused), causes=refused),
            )
            self._load(standing)
            if standing.state.terminal:
                raise Over
            if standing.exhausted and refusal is not None:
                raise refusal
            await self.raise_if_cancelled()
            if standing.account is not None:
                self.limit = self.limit or workflow.now() + self.given.timings.limit
                return standing.account, 0 if standing.sent else standing.inputs
            self.show(OperationState.WAITING_FOR_ACCOUNT, note=_reasons(standing))
            await self.pause(pause, unless=lambda: self._granted)
            await self.raise_if_cancelled()
            pause = min(pause * 2, self.given.timings.wait_max)

    def _load(self, standing: Standing) -> None:
        self.cancelling = self.cancelling or standing.cancel_requested
        self.status = self.status.model_copy(
            update={
                "state": standing.state,
                "account": standing.account,
                "conversation_id": standing.conversation_id,
                "skipped": standing.skipped,
                "failure": standing.failure,
                "attempts": standing.attempts,
                "last_event": max(standing.last_event, self.status.last_event),
            }
        )

    async def _submit(self) -> Submitted:
        """Send the turn. A cancel stops upstream at once, and then waits for the sending activity to see it."""
        handle = workflow.start_activity_method(
            TurnActivities.submit_turn,
            SubmitInput(
                operation_id=self.given.operation_id,
                deadline=self.deadline,
                grace=self.given.timings.grace,
                max_upstream_failures=self.given.timings.max_upstream_failures,
            ),
            **policies.upstream_stream(self.given.timings),
        )
        await workflow.wait_condition(lambda: handle.done() or self.cancelling)
        if not handle.done() and not (await self.stop()).sent:
            raise Ended
        try:
            submitted = await result(handle)
        except Ended as end:
            if self.cancelling and not (end.failure and end.failure.code == OutcomeUnknownError.code):
                raise Ended from end
            raise
        self.status = self.status.model_copy(
            update={
                "conversation_id": submitted.conversation_id,
                "attempts": submitted.attempts,
                "last_event": max(submitted.last_event, self.status.last_event),
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
        interval = self.given.timings.poll_first
        while True:
            await self.pause(min(interval, self.deadline - workflow.now()))
            await self.raise_if_cancelled()
            last = self.out_of_time
            found = await look()
            if found is not None:
                return found
            if last:
                raise fail(OperationTimeoutError(too_late, spent=True))
            interval = min(interval * _GROWTH, self.given.timings.poll_max)

    async def _close(self, state: OperationState, failure: Failure | None = None) -> OperationResult:
        closed: Closed = await self.local(
            RecordActivities.close_operation,
            CloseInput(operation_id=self.given.operation_id, state=state, failure=failure),
        )
        return self._ended(closed)

    def _ended(self, closed: Closed) -> OperationResult:
        self.status = self.status.model_copy(update={"failure": closed.failure})
        self.show(closed.state, note=closed.failure.message if closed.failure else "", last_event=closed.last_event)
        return OperationResult(operation_id=self.given.operation_id, state=closed.state)


def _reasons(standing: Standing) -> str:
    return "\n".join(f"- `{skip.account}`: {skip.text or skip.reason}{_until(skip)}" for skip in standing.skipped)


def _until(skip: SkippedAccount) -> str:
    return f" until {skip.until:%Y-%m-%d %H:%M:%S} UTC" if skip.until else ""
