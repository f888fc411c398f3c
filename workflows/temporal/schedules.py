"""What Temporal starts by itself."""

from __future__ import annotations

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

from core.contracts.retention import RetentionInput
from core.errors import TemporalUnavailableError
from core.settings import RetentionSettings
from workflows.attributes import RETENTION_SUMMARY
from workflows.retention import RetentionWorkflow

_CALL = timedelta(seconds=5)


def retention_id(task_queue: str) -> str:
    """The schedule's id: one for each bridge that a server serves."""
    return f"retention-{task_queue}"


async def keep_retention(client: Client, settings: RetentionSettings, *, task_queue: str) -> None:
    """Have retention's schedule be there as the settings say, or be gone; one that somebody paused stays paused.

    Raises:
        TemporalUnavailableError: the server does not answer, or refuses.
    """
    try:
        if settings.interval_hours:
            await _keep(client, settings, task_queue)
        else:
            await _drop(client, task_queue)
    except (RPCError, RuntimeError) as error:
        raise TemporalUnavailableError("Temporal did not take the schedule of retention.") from error


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


async def _keep(client: Client, settings: RetentionSettings, task_queue: str) -> None:
    schedule = _schedule(settings, task_queue, await histories_kept(client))

    def changed(known: ScheduleUpdateInput) -> ScheduleUpdate:
        schedule.state = known.description.schedule.state
        return ScheduleUpdate(schedule)

    try:
        await client.create_schedule(retention_id(task_queue), schedule, rpc_timeout=_CALL)
    except ScheduleAlreadyRunningError:
        await client.get_schedule_handle(retention_id(task_queue)).update(changed, rpc_timeout=_CALL)


async def _drop(client: Client, task_queue: str) -> None:
    try:
        await client.get_schedule_handle(retention_id(task_queue)).delete(rpc_timeout=_CALL)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _schedule(settings: RetentionSettings, task_queue: str, histories: timedelta) -> Schedule:
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
        # A machine that was off makes one missed round up, not all of them.
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=max(every, timedelta(seconds=10))),
    )
