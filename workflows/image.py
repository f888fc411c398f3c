"""A picture: sent once, looked for until it is there, kept."""

from __future__ import annotations

from temporalio import workflow

from activities.artifacts import ArtifactActivities
from activities.images import ImageActivities
from core.contracts.images import ImageRef
from core.contracts.operations import OperationState
from core.contracts.steps import Closed, OperationInput, OperationResult, Polled, PollInput, SaveInput, Submitted
from core.errors import ImageNoAssetError, OperationTimeoutError
from workflows import policies
from workflows.operation import OperationWorkflow, fail

_GROWTH = 1.3


@workflow.defn(name="ImageWorkflow")
class ImageWorkflow(OperationWorkflow):
    """One picture.

    `accepted` → `waiting_for_account` (only where none is free; left by `account_granted`) → `submitting` → `running`
    (upstream works; looked at on a timer) → `saving` → `completed`. `cancelled` by the signal `cancel` from each of
    them, `failed` likewise; both stop holding the account. A failure leaves the journal, which says what was sent.

    The first step loads row and journal, so a run that starts with an empty or older history goes on from what
    really happened.
    """

    @workflow.init
    def __init__(self, given: OperationInput) -> None:
        super().__init__(given)

    @workflow.run
    async def run(self, given: OperationInput) -> OperationResult:
        """Make the picture; the result is in the operation's record."""
        return await self.operate()

    async def work(self) -> Closed:
        """Send, look, keep."""
        submitted = await self.submitted()
        if submitted.status == "refused":
            raise fail(_no_picture(submitted.text))
        pictures = submitted.assets or await self._made(submitted)
        self.show(OperationState.SAVING)
        return await self.step(
            workflow.start_activity_method(
                ArtifactActivities.save_artifacts,
                SaveInput(
                    operation_id=self._given.operation_id,
                    assets=pictures,
                    max_upstream_failures=self._given.timings.max_upstream_failures,
                ),
                **policies.UPSTREAM_CALL,
            )
        )

    async def _made(self, submitted: Submitted) -> tuple[ImageRef, ...]:
        """Look at growing intervals until the picture is there; past the wall limit exactly once more."""
        self.show(OperationState.RUNNING, note="Upstream is making the picture.", last_event=submitted.last_event)
        interval = self._given.timings.poll_first
        while True:
            await self.pause(min(interval, self.deadline - workflow.now()))
            await self.raise_if_cancelled()
            last = self.out_of_time
            polled = await self._look()
            if polled.status == "ready":
                return polled.assets
            if polled.status == "refused":
                raise fail(_no_picture(polled.text))
            if last:
                raise fail(OperationTimeoutError("Upstream had no picture when the time was over.", spent=True))
            interval = min(interval * _GROWTH, self._given.timings.poll_max)

    async def _look(self) -> Polled:
        return await self.step(
            workflow.start_activity_method(
                ImageActivities.poll_image,
                PollInput(
                    operation_id=self._given.operation_id,
                    max_upstream_failures=self._given.timings.max_upstream_failures,
                ),
                **policies.UPSTREAM_CALL,
            )
        )


def _no_picture(text: str) -> ImageNoAssetError:
    words = text.strip()
    message = (
        f"Upstream answered in words instead of a picture: {words[:500]}" if words else "Upstream made no picture."
    )
    return ImageNoAssetError(message, upstream_text=words or None, spent=True)
