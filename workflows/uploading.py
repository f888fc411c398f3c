"""Inputs on their way upstream, before the turn that refers to them."""

from __future__ import annotations

from collections.abc import Sequence

from temporalio import workflow

from activities.leases import LeaseActivities
from activities.uploads import UploadActivities
from core.contracts.operations import OperationState
from core.contracts.steps import Uploaded, UploadInput, UploadsDoneInput
from core.errors import OperationTimeoutError
from workflows import policies
from workflows.ending import fail, result
from workflows.run import Run

_AT_ONCE = 3


async def upload_all(run: Run, account: str, inputs: int) -> None:
    """Store every input upstream, a few at a time; what was begun comes to its end before a failure counts.

    Raises:
        Ended: cancelled, the time is over, or an input cannot be stored there.
    """
    run.show(OperationState.UPLOADING, note=f"Pictures to upload: {inputs}")
    handles: list[workflow.ActivityHandle[Uploaded]] = []
    for position in range(inputs):
        await _settled(run, handles, below=_AT_ONCE)
        if any(handle.done() and handle.exception() is not None for handle in handles):
            break
        handles.append(_upload_input(run, account, position))
    await _settled(run, handles, below=1)
    for handle in handles:
        run.saw((await result(handle)).last_event)
    await run.local(LeaseActivities.finish_uploads, UploadsDoneInput(operation_id=run.given.operation_id))


async def _settled(run: Run, handles: Sequence[workflow.ActivityHandle[Uploaded]], *, below: int) -> None:
    """Wait until fewer than `below` of them are at work, at most until the wall limit.

    Raises:
        Ended: cancelled, or the time is over.
    """

    def free() -> bool:
        return sum(not handle.done() for handle in handles) < below

    while not free():
        if run.out_of_time:
            raise fail(OperationTimeoutError("The inputs did not lie upstream when the time was over."))
        await run.pause(run.deadline - workflow.now(), unless=free)
        await run.raise_if_cancelled()


def _upload_input(run: Run, account: str, position: int) -> workflow.ActivityHandle[Uploaded]:
    return workflow.start_activity_method(
        UploadActivities.upload_input,
        UploadInput(
            operation_id=run.given.operation_id,
            account=account,
            position=position,
            max_upstream_failures=run.given.timings.max_upstream_failures,
        ),
        **policies.upstream_call(run.given.timings),
    )
