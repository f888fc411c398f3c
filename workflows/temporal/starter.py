"""Starting the workflow of an operation: the same id, and never a second run."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.steps import OperationInput, OperationTimings
from core.logging import get_logger
from core.settings import OperationSettings
from workflows import attributes
from workflows.image import ImageWorkflow

_log = get_logger(__name__)

START_SECONDS = 2.0
"""How long a start may go unconfirmed; the reconciler takes care of those that do."""

WORKFLOWS = {OperationKind.IMAGE: ImageWorkflow}
"""The definition of each kind."""


def timings(settings: OperationSettings) -> OperationTimings:
    """The settings as a workflow's input."""
    return OperationTimings(
        poll_first=timedelta(seconds=settings.poll_seconds),
        poll_max=timedelta(seconds=max(settings.poll_max_seconds, settings.poll_seconds)),
        limit=timedelta(seconds=settings.image_limit_seconds),
        grace=timedelta(seconds=settings.grace_seconds),
        max_upstream_failures=settings.max_upstream_failures,
    )


async def start(
    client: Client, record: OperationRecord, *, task_queue: str, given: OperationTimings, searchable: bool
) -> bool:
    """Start the operation's workflow; "already started" is success, and an operation that has ended is never started.

    Returns:
        Whether the server has confirmed within two seconds that the workflow is there.
    """
    if record.state.terminal:
        return False
    try:
        async with asyncio.timeout(START_SECONDS):
            try:
                await _start(client, record, task_queue, given, searchable=searchable)
            except RPCError as error:
                if not searchable or error.status is not RPCStatusCode.INVALID_ARGUMENT:
                    raise
                # A server that has lost our search attributes with its history.
                await _start(client, record, task_queue, given, searchable=False)
    except WorkflowAlreadyStartedError:
        return True
    except (RPCError, RuntimeError, TimeoutError) as error:
        _log.warning("start_not_confirmed", operation_id=record.id, error=type(error).__name__)
        return False
    return True


async def _start(
    client: Client, record: OperationRecord, task_queue: str, given: OperationTimings, *, searchable: bool
) -> None:
    definition = WORKFLOWS[record.kind]
    marks = attributes.at_start(record.kind, record.state) if searchable else TypedSearchAttributes.empty
    await client.start_workflow(
        definition.run,
        OperationInput(operation_id=record.id, kind=record.kind, timings=given, attributes=searchable),
        id=record.id,
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
        search_attributes=marks,
        static_summary=attributes.SUMMARIES[record.kind],
        rpc_timeout=timedelta(seconds=START_SECONDS),
    )
