"""What the tests of research do and look at."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.research import ResearchRequest
from core.settings import TemporalSettings
from tests.fakes.research import RUNNING, ResearchWorld
from tests.fakes.waiting import until
from tests.fixtures.durable import Workbench, open_workbench

QUICK: dict[str, Any] = {
    "plan_delay_seconds": 0.2,
    "research_launch_seconds": 0.3,
    "research_limit_seconds": 20,
    "research_silence_seconds": 15,
    "research_failures": 3,
}


@asynccontextmanager
async def opened(
    folder: Path, settings: TemporalSettings, world: ResearchWorld, **operations: Any
) -> AsyncIterator[Workbench]:
    async with open_workbench(folder, settings, world, accounts=("one",), operations={**QUICK, **operations}) as bench:
        yield bench


async def begin(bench: Workbench, prompt: str = "What do herons eat?", **request: Any) -> OperationRecord:
    """Admit a research and start its workflow."""
    body = ResearchRequest(prompt=prompt, **request).model_dump(mode="json")
    return await bench.begin(
        prompt, kind=OperationKind.RESEARCH, request=body, route="/v1/chatgpt/research", model="chatgpt-deep-research"
    )


async def completed(bench: Workbench, record: OperationRecord) -> OperationRecord:
    done = await bench.finished(record)
    assert done.state == "completed", done.failure
    return done


async def content(bench: Workbench, done: OperationRecord, position: int = 0) -> str:
    _, path = await bench.bridge.artifacts.get(done.artifacts[position].file_id)
    return path.read_text()


async def decide(bench: Workbench, record: OperationRecord, decision: Any, text: str = "", key: str = "once") -> Any:
    return await bench.temporal.decide_plan(record.id, decision, text, update_id=key)


def held_in(world: ResearchWorld, bench: Workbench, phase: str, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """Have a research stay in a phase until the gate is opened."""
    gate = asyncio.Event()
    if phase == "submitting":
        gate = world.in_stream
        gate.clear()
    elif phase == "waiting_for_plan":
        world.asks_for_plan()
        gate = world.at_approval
        gate.clear()
    elif phase == "running":
        world.begins = [RUNNING]
    else:
        write = bench.bridge.reports.write

        async def held(*args: Any) -> Any:
            await gate.wait()
            return await write(*args)

        monkeypatch.setattr(bench.bridge.reports, "write", held)
    return gate


async def progressed(bench: Workbench, record: OperationRecord, done: int) -> bool:
    return any(event.type == "progress" and event.data["done"] == done for event in await bench.events(record))


async def version(bench: Workbench, record: OperationRecord, version: int) -> bool:
    """Whether the workflow waits with this version of the plan: its decision would be about that."""
    found = await bench.bridge.operations.find(record.id)
    plan = found and found.research and found.research.plan
    if not plan or plan.version != version:
        return False
    told = await bench.temporal._client.get_workflow_handle(record.id).query("__temporal_workflow_metadata")
    return f"Narrow {version}" in str(told)


async def queried(bench: Workbench, record: OperationRecord, state: str) -> bool:
    answer = await bench.temporal.state(record.id)
    return answer is not None and answer.state == state


async def approving(world: ResearchWorld) -> bool:
    return world.approvals > 0


async def sent(world: ResearchWorld) -> bool:
    return bool(world.submissions)


async def stopped(world: ResearchWorld) -> bool:
    return bool(world.stops)


async def forget(bench: Workbench, operation_id: str) -> None:
    """What an emptied Temporal is to one operation."""
    from temporalio.api.common.v1 import WorkflowExecution
    from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

    client = bench.temporal._client
    await client.workflow_service.delete_workflow_execution(
        DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=operation_id)
        )
    )

    async def gone() -> bool:
        return (await bench.temporal.describe(operation_id)).run.value == "missing"

    await until(gone, seconds=10)
