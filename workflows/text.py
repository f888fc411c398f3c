"""What the kinds whose result is an answer in words share."""

from __future__ import annotations

from temporalio import workflow

from activities.responses import ResponseActivities
from core.contracts.operations import OperationState
from core.contracts.steps import Answered, Closed, PollInput
from workflows import policies
from workflows.operation import OperationWorkflow


class TextWorkflow(OperationWorkflow):
    """Sent once, its answer written down while it comes; where its stream was lost, looked for until it is there.

    The answer itself never enters the history: whoever sees its end keeps it, and completes the operation with it.
    """

    async def work(self) -> Closed:
        """Send and listen; look where there was nothing to listen to any more."""
        submitted = await self.submitted()
        if submitted.closed is not None:
            return submitted.closed
        self.show(OperationState.RUNNING, note="Upstream is answering.", last_event=submitted.last_event)
        return await self.watched(self._look, "Upstream had no answer when the time was over.")

    async def _look(self) -> Closed | None:
        answered: Answered = await self.step(
            workflow.start_activity_method(
                ResponseActivities.poll_answer,
                PollInput(
                    operation_id=self.given.operation_id,
                    max_upstream_failures=self.given.timings.max_upstream_failures,
                    deadline=self.deadline,
                ),
                **policies.upstream_call(self.given.timings),
            )
        )
        self.saw(answered.last_event)
        return answered.closed
