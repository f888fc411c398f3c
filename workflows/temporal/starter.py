"""Starting the workflow of an operation: the same id, and never a second run."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Protocol

from temporalio.client import Client
from temporalio.common import TypedSearchAttributes, WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.steps import OperationInput, OperationResult, OperationTimings
from core.logging import get_logger
from core.settings import OperationSettings
from workflows import attributes
from workflows.edit import EditWorkflow
from workflows.image import ImageWorkflow
from workflows.research import ResearchWorkflow
from workflows.response import ResponseWorkflow
from workflows.vision import VisionWorkflow

_log = get_logger(__name__)


class Definition(Protocol):
    """A workflow of one operation."""

    async def run(self, given: OperationInput) -> OperationResult: ...


START_SECONDS = 2.0
"""How long a start may go unconfirmed; the reconciler takes care of those that do."""

WORKFLOWS: Mapping[OperationKind, type[Definition]] = {
    OperationKind.IMAGE: ImageWorkflow,
    OperationKind.EDIT: EditWorkflow,
    OperationKind.VISION: VisionWorkflow,
    OperationKind.RESEARCH: ResearchWorkflow,
    OperationKind.RESPONSE: ResponseWorkflow,
}
"""The definition of each kind."""


def timings(settings: OperationSettings, kind: OperationKind) -> OperationTimings:
    """The settings as the input of a kind's workflow."""
    limits = {
        OperationKind.IMAGE: settings.image_limit_seconds,
        OperationKind.EDIT: settings.image_limit_seconds,
        OperationKind.VISION: settings.text_limit_seconds,
        OperationKind.RESPONSE: settings.text_limit_seconds,
        OperationKind.RESEARCH: settings.research_limit_seconds,
    }
    return OperationTimings(
        poll_first=timedelta(seconds=settings.poll_seconds),
        poll_max=timedelta(seconds=max(settings.poll_max_seconds, settings.poll_seconds)),
        limit=timedelta(seconds=limits[kind]),
        grace=timedelta(seconds=settings.grace_seconds),
        max_upstream_failures=settings.max_upstream_failures,
        heartbeat=timedelta(seconds=settings.heartbeat_seconds),
        call=timedelta(seconds=settings.call_limit_seconds),
        plan_delay=timedelta(seconds=settings.plan_delay_seconds),
        launch=timedelta(seconds=settings.research_launch_seconds),
        plan_limit=timedelta(seconds=settings.plan_limit_seconds),
        silence=timedelta(seconds=settings.research_silence_seconds),
        research_failures=settings.research_failures,
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
