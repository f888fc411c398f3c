"""One run of an operation's workflow: where it stands, and the steps of which every kind is made."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio import workflow

from activities.turns import TurnActivities
from core.contracts.operations import OperationState
from core.contracts.steps import OperationInput, OperationStatus, StopInput, Stopped
from workflows import attributes, policies
from workflows.ending import Ended, result

T = TypeVar("T")


class Run:
    """What a run was given, what it shows, and how it waits.

    Attributes:
        given: the workflow's input.
        status: what the query answers.
        cancelling: somebody has asked for the operation to end as cancelled.
        limit: when the time is over; `None` before the first account was there.
    """

    def __init__(self, given: OperationInput) -> None:
        self.given = given
        self.status = OperationStatus(operation_id=given.operation_id, state=OperationState.ACCEPTED)
        self.cancelling = False
        self.limit: datetime | None = None

    @property
    def deadline(self) -> datetime:
        """The wall limit, counted from the moment the first account was there."""
        return self.limit or workflow.now() + self.given.timings.limit

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
        await workflow.wait_condition(lambda: handle.done() or self.cancelling)
        await self.raise_if_cancelled()
        return await result(handle)

    async def pause(self, length: timedelta, *, unless: Callable[[], bool] = lambda: False) -> None:
        """Sleep on a workflow timer; a cancel, or what `unless` watches, ends it early."""
        if length <= timedelta():
            return
        try:
            await workflow.wait_condition(lambda: self.cancelling or unless(), timeout=length)
        except TimeoutError:
            return

    async def stop(self) -> Stopped:
        """Mark the cancel in the journal and stop upstream with the ids found there."""
        return await result(
            workflow.execute_activity_method(
                TurnActivities.stop_turn,
                StopInput(
                    operation_id=self.given.operation_id,
                    max_upstream_failures=self.given.timings.max_upstream_failures,
                ),
                **policies.upstream_call(self.given.timings),
            )
        )

    async def raise_if_cancelled(self) -> None:
        """Stop and end where a cancel has come.

        Raises:
            Ended: it has.
        """
        if self.cancelling:
            await self.stop()
            raise Ended

    def saw(self, last_event: int) -> None:
        """Remember the number of the newest event, for the query alone."""
        self.status = self.status.model_copy(update={"last_event": max(last_event, self.status.last_event)})

    def show(self, state: OperationState, *, note: str = "", last_event: int = 0) -> None:
        """Tell the query, the search attributes and Temporal's UI where the operation stands."""
        self.status = self.status.model_copy(
            update={"state": state, "last_event": max(last_event, self.status.last_event)}
        )
        workflow.set_current_details(attributes.details(state, self.status.account, note))
        if self.given.attributes:
            workflow.upsert_search_attributes(attributes.of(state, self.status.account))
