"""What one asks of a workflow that runs: its state, a cancel, to look at its account."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.enums.v1 import WorkflowExecutionStatus
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import (
    Client,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
    WorkflowUpdateFailedError,
    WorkflowUpdateHandle,
    WorkflowUpdateRPCTimeoutOrCancelledError,
    WorkflowUpdateStage,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from core.contracts.failure import Failure
from core.contracts.steps import OperationStatus, PlanDecided, PlanDecisionInput
from core.errors import (
    BridgeError,
    InternalError,
    PlanNotWaitingError,
    TemporalUnavailableError,
    WorkerUnavailableError,
    error_class,
)
from workflows.operation import OperationWorkflow
from workflows.research import ResearchWorkflow

QUERY_SECONDS = 0.3
_CANCEL_SECONDS = 2.0
_DECIDE_SECONDS = 3.0
_CARRY_OUT_SECONDS = 15.0
_GRANT_SECONDS = 1.0
"""Shorter than a local activity may take, since what ends an operation tells the next one."""


class Run(Enum):
    """What the server knows of an operation's workflow."""

    RUNNING = "running"
    MISSING = "missing"
    TERMINATED = "terminated"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Seen:
    """A workflow as the server describes it; `failing`: its tasks fail again and again."""

    run: Run
    failing: bool = False


async def state(client: Client, operation_id: str) -> OperationStatus | None:
    """The workflow's own view; `None` when no worker answers within 300 ms or there is nothing to ask."""
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            return await client.get_workflow_handle(operation_id).query(
                OperationWorkflow.state, rpc_timeout=timedelta(seconds=QUERY_SECONDS)
            )
    except (RPCError, RuntimeError, TimeoutError, WorkflowQueryFailedError, WorkflowQueryRejectedError):
        return None


async def cancel(client: Client, operation_id: str) -> bool:
    """Signal a cancel; `False` when the server did not take it."""
    try:
        async with asyncio.timeout(_CANCEL_SECONDS):
            await client.get_workflow_handle(operation_id).signal(OperationWorkflow.cancel)
    except (RPCError, RuntimeError, TimeoutError):
        return False
    return True


async def decide_plan(
    client: Client, operation_id: str, given: PlanDecisionInput, *, update_id: str
) -> PlanDecided | None:
    """Have a research's plan decided on; the same `update_id` again is the same decision.

    Returns:
        What was carried out; `None` where the workflow has taken the decision and upstream is still being told.

    Raises:
        PlanNotWaitingError: no plan waits for a decision, not yet or not any more.
        WorkerUnavailableError: no worker has taken it within 3 s.
        TemporalUnavailableError: the server does not answer.
        BridgeError: the decision was taken, and could not be carried out.
    """
    try:
        update = await _taken(client, operation_id, given, update_id)
        async with asyncio.timeout(_CARRY_OUT_SECONDS):
            return await update.result()
    except TimeoutError:
        return None
    except WorkflowUpdateFailedError as error:
        raise _why(error.cause) from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            raise PlanNotWaitingError("The research has ended, or has not begun.") from error
        raise TemporalUnavailableError("Temporal does not answer.") from error
    except RuntimeError as error:
        raise TemporalUnavailableError("Temporal cannot be reached.") from error


async def _taken(
    client: Client, operation_id: str, given: PlanDecisionInput, update_id: str
) -> WorkflowUpdateHandle[PlanDecided]:
    try:
        async with asyncio.timeout(_DECIDE_SECONDS):
            return await client.get_workflow_handle(operation_id).start_update(
                ResearchWorkflow.decide_plan,  # type: ignore[arg-type]
                given,
                id=update_id,
                wait_for_stage=WorkflowUpdateStage.ACCEPTED,
            )
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
        raise WorkerUnavailableError("No worker has taken the decision.", retry_after_seconds=3) from error


def _why(cause: BaseException | None) -> BridgeError:
    """The error that a workflow refused or failed an update with."""
    if not isinstance(cause, ApplicationError) or not cause.details:
        return PlanNotWaitingError("The operation takes no decision about a plan.")
    failure = Failure.model_validate(cause.details[0])
    kind = error_class(failure.code) or InternalError
    return kind(
        failure.message,
        retry_after_seconds=failure.retry_after_seconds,
        param=failure.param,
        upstream_status=failure.upstream_status,
        upstream_text=failure.upstream_text,
        spent=failure.spent,
    )


async def granted(client: Client, operation_ids: Sequence[str]) -> tuple[str, ...]:
    """Signal operations that an account is theirs now; returns those that the server did not take."""
    told = await asyncio.gather(*(_granted(client, operation_id) for operation_id in operation_ids))
    return tuple(operation_id for operation_id, heard in zip(operation_ids, told, strict=True) if not heard)


async def _granted(client: Client, operation_id: str) -> bool:
    try:
        async with asyncio.timeout(_GRANT_SECONDS):
            await client.get_workflow_handle(operation_id).signal(OperationWorkflow.account_granted)
    except (RPCError, RuntimeError, TimeoutError):
        return False
    return True


async def describe(client: Client, operation_id: str) -> Seen:
    """What the server knows of the workflow.

    Raises:
        TemporalUnavailableError: it does not answer.
    """
    request = DescribeWorkflowExecutionRequest(
        namespace=client.namespace, execution=WorkflowExecution(workflow_id=operation_id)
    )
    try:
        answer = await client.workflow_service.describe_workflow_execution(request, timeout=timedelta(seconds=2))
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return Seen(Run.MISSING)
        raise TemporalUnavailableError("Temporal does not answer.") from error
    except RuntimeError as error:
        raise TemporalUnavailableError("Temporal cannot be reached.") from error
    status = answer.workflow_execution_info.status
    if status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_RUNNING:
        return Seen(Run.RUNNING, failing=answer.pending_workflow_task.attempt >= 3)
    if status == WorkflowExecutionStatus.WORKFLOW_EXECUTION_STATUS_TERMINATED:
        return Seen(Run.TERMINATED)
    return Seen(Run.ENDED)
