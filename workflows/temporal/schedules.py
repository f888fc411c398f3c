"""What Temporal starts by itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from core.contracts.care import CareInput
from core.contracts.retention import RetentionInput
from core.errors import TemporalUnavailableError
from core.settings import CareSettings, RetentionSettings
from workflows.account_care import AccountCareWorkflow
from workflows.attributes import CARE_SUMMARY, RETENTION_SUMMARY
from workflows.retention import RetentionWorkflow

_CALL = timedelta(seconds=5)

_LONGEST_SPREAD = timedelta(minutes=10)
"""Over how long accounts are asked, and by how much a round may be late for it."""


def retention_id(task_queue: str) -> str:
    """The schedule's id: one for each bridge that a server serves."""
    return f"retention-{task_queue}"


def care_id(task_queue: str) -> str:
    """The id of the schedule of care, one for each bridge as well."""
    return f"account-care-{task_queue}"


async def keep_retention(client: Client, settings: RetentionSettings, *, task_queue: str) -> None:
    """Have retention's schedule be there as the settings say, or be gone; one that somebody paused stays paused.

    Raises:
        TemporalUnavailableError: the server does not answer, or refuses.
    """
    with _answering("retention"):
        if settings.interval_hours:
            schedule = _retention(settings, task_queue, await histories_kept(client))
            await _keep(client, retention_id(task_queue), schedule)
        else:
            await _drop(client, retention_id(task_queue))


async def keep_care(client: Client, settings: CareSettings, *, task_queue: str) -> None:
    """Have the schedule of the care of accounts be there as the settings say, or be gone; a pause stays.

    Raises:
        TemporalUnavailableError: the server does not answer, or refuses.
    """
    with _answering("care"):
        if settings.interval_seconds:
            await _keep(client, care_id(task_queue), _care(settings, task_queue))
        else:
            await _drop(client, care_id(task_queue))


async def histories_kept(client: Client) -> timedelta:
    """How long the namespace keeps a history after its end.

    Raises:
        TemporalUnavailableError: the server does not answer.
    """
    try:
        answer = await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=client.namespace), timeout=_CALL
        )
    except (RPCError, RuntimeError) as error:
        raise TemporalUnavailableError("Temporal does not answer.") from error
    return answer.config.workflow_execution_retention_ttl.ToTimedelta()


async def _keep(client: Client, schedule_id: str, schedule: Schedule) -> None:
    def changed(known: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state = known.description.schedule.state
        return ScheduleUpdate(schedule)

    try:
        await client.create_schedule(schedule_id, schedule, rpc_timeout=_CALL)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(schedule_id).update(changed, rpc_timeout=_CALL)


async def _drop(client: Client, schedule_id: str) -> None:
    try:
        await client.get_schedule_handle(schedule_id).delete(rpc_timeout=_CALL)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


@contextmanager
def _answering(what: str) -> Iterator[None]:
    """Raise what the block raises of the server as an error of ours."""
    try:
        yield
    except (RPCError, RuntimeError) as error:
        raise TemporalUnavailableError(f"Temporal did not take the schedule of {what}.") from error


def _retention(settings: RetentionSettings, task_queue: str, histories: timedelta) -> Schedule:
    every = timedelta(hours=settings.interval_hours)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            RetentionWorkflow.run,
            RetentionInput(histories=histories),
            id=retention_id(task_queue),
            task_queue=task_queue,
            static_summary=RETENTION_SUMMARY,
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=_policy(every),
    )


def _care(settings: CareSettings, task_queue: str) -> Schedule:
    every = timedelta(seconds=settings.interval_seconds)
    spread = min(every / 4, _LONGEST_SPREAD)
    return Schedule(
        action=ScheduleActionStartWorkflow(
            AccountCareWorkflow.run,
            CareInput(canary=settings.canary, spread=spread),
            id=care_id(task_queue),
            task_queue=task_queue,
            static_summary=CARE_SUMMARY,
        ),
        # Two bridges of one operator, and two rounds of one bridge, do not come at the same beat.
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)], jitter=spread),
        policy=_policy(every),
    )


def _policy(every: timedelta) -> SchedulePolicy:
    # A machine that was off makes one missed round up, not all of them.
    return SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=max(every, timedelta(seconds=10)))
