"""The yardstick of operations: a workflow of one activity that does nothing."""

from __future__ import annotations

import uuid
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

QUEUE = "bench-noop"


@activity.defn
async def nothing() -> None:
    """Do nothing."""


@workflow.defn
class NoopWorkflow:
    """One activity, then the end."""

    @workflow.run
    async def run(self) -> None:
        await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=10))


def worker(client: Client) -> Worker:
    """A worker for it."""
    return Worker(client, task_queue=QUEUE, workflows=[NoopWorkflow], activities=[nothing])


async def once(client: Client) -> None:
    """Start one and wait for its result."""
    await client.execute_workflow(NoopWorkflow.run, id=f"noop-{uuid.uuid4()}", task_queue=QUEUE)
