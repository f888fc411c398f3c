"""Deep Research whose worker is killed: no second one is ever started."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from provider.simulator import SimulatorConfig
from tests.e2e.calls import OPERATIONS, operation, reaches
from tests.e2e.stack import Stack, open_stack
from tests.e2e.test_research import begin, submissions


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    config = SimulatorConfig(accounts=("plus",), time_scale=0.3)
    async with open_stack(
        tmp_path, config, CHATGPT_RECONCILE_GRACE_SECONDS="2", CHATGPT_HEARTBEAT_SECONDS="2"
    ) as opened:
        yield opened


async def approved(client: httpx2.AsyncClient, operation_id: str) -> int:
    """Approve a plan; while the new worker takes the workflow over, the answer is to ask again."""
    for _ in range(5):
        answer = await client.post(f"{OPERATIONS}/{operation_id}/plan", json={"decision": "approve"})
        if answer.status_code != 503:
            break
        assert answer.headers["x-should-retry"] == "true"
    return answer.status_code


async def accepted(client: httpx2.AsyncClient, operation_id: str) -> None:
    """Wait until upstream's conversation is known."""
    for _ in range(500):
        if (await operation(client, operation_id))["conversation_id"] is not None:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("upstream never took it")


@pytest.mark.slow
@pytest.mark.timeout(120)
@pytest.mark.parametrize("state", ["submitting", "launching", "waiting_for_plan", "running"])
async def test_a_worker_killed_in_any_state_costs_one_research(stack: Stack, state: str) -> None:
    await stack.start_temporal()
    worker, _ = await asyncio.gather(stack.start_worker(), stack.start_api())
    way = "lost_widget" if state == "launching" else "plan"
    if state == "submitting":
        stack.simulator.add_rule(path="*/f/conversation", scenario={"hold": "after"})
    async with stack.client() as client:
        operation_id = await begin(client, f"[sim:research={way},seconds=12] How old do herons get?", plan="ask")
        if state == "submitting":
            await stack.simulator.held(1, timeout=20)
        elif state == "launching":
            await accepted(client, operation_id)
        else:
            await reaches(client, operation_id, "waiting_for_plan")
        if state == "running":
            await client.post(f"{OPERATIONS}/{operation_id}/plan", json={"decision": "approve"})
            await reaches(client, operation_id, "running")
        await worker.kill()
        stack.simulator.release()
        await stack.start_worker("second")
        if state != "running":
            await reaches(client, operation_id, "waiting_for_plan", seconds=60)
            # Upstream may have begun by itself meanwhile.
            assert await approved(client, operation_id) in (200, 202, 409)
        done = await reaches(client, operation_id, "completed", seconds=75)

    assert submissions(stack) == 1
    assert done["text"]
