"""A picture: sent once, looked for until it is there, kept."""

from __future__ import annotations

from temporalio import workflow

from activities.artifacts import ArtifactActivities
from activities.images import ImageActivities
from core.contracts.images import ImageRef
from core.contracts.operations import OperationState
from core.contracts.steps import Closed, OperationInput, OperationResult, Polled, PollInput, SaveInput, Submitted
from core.errors import ImageNoAssetError
from workflows import policies
from workflows.operation import OperationWorkflow, fail


class PictureWorkflow(OperationWorkflow):
    """What an image and an edit share: everything after the request."""

    async def work(self) -> Closed:
        """Send, look, keep."""
        submitted = await self.submitted()
        if submitted.closed is not None:
            return submitted.closed
        if submitted.status == "refused":
            raise fail(_no_picture(submitted.text))
        pictures = submitted.assets or await self._made(submitted)
        self.show(OperationState.SAVING)
        return await self.step(
            workflow.start_activity_method(
                ArtifactActivities.save_artifacts,
                SaveInput(
                    operation_id=self.given.operation_id,
                    assets=pictures,
                    max_upstream_failures=self.given.timings.max_upstream_failures,
                    deadline=self.deadline,
                ),
                **policies.upstream_call(self.given.timings),
            )
        )

    async def _made(self, submitted: Submitted) -> tuple[ImageRef, ...]:
        self.show(OperationState.RUNNING, note="Upstream is making the picture.", last_event=submitted.last_event)
        return await self.watched(self._look, "Upstream had no picture when the time was over.")

    async def _look(self) -> tuple[ImageRef, ...] | None:
        polled: Polled = await self.step(
            workflow.start_activity_method(
                ImageActivities.poll_image,
                PollInput(
                    operation_id=self.given.operation_id,
                    max_upstream_failures=self.given.timings.max_upstream_failures,
                    deadline=self.deadline,
                ),
                **policies.upstream_call(self.given.timings),
            )
        )
        if polled.status == "refused":
            raise fail(_no_picture(polled.text))
        return polled.assets if polled.status == "ready" else None


@workflow.defn(name="ImageWorkflow")
class ImageWorkflow(PictureWorkflow):
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


def _no_picture(text: str) -> ImageNoAssetError:
    words = text.strip()
    message = (
        f"Upstream answered in words instead of a picture: {words[:500]}" if words else "Upstream made no picture."
    )
    return ImageNoAssetError(message, upstream_text=words or None, spent=True)
