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


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_worker_killed_while_the_report_is_written_writes_it_after_all(stack: Stack) -> None:
    await stack.start_temporal()
    worker, _ = await asyncio.gather(stack.start_worker(), stack.start_api())
    # Where the report belongs lies a file, so that it cannot be written.
    folder = stack.root / "data" / "artifacts"
    async with stack.client() as client:
        operation_id = await begin(client, "[sim:research=fast,seconds=3] How tall do herons get?")
        await reaches(client, operation_id, "running")
        folder.rmdir()
        folder.write_bytes(b"")
        await reaches(client, operation_id, "saving", seconds=60)
        await worker.kill()
        folder.unlink()
        folder.mkdir(mode=0o700)
        await stack.start_worker("second")
        done = await reaches(client, operation_id, "completed", seconds=75)
        kept = [(await client.get(artifact["download_url"])).status_code for artifact in done["artifacts"]]

    assert kept == [200, 200]
    assert submissions(stack) == 1


@pytest.mark.slow
@pytest.mark.timeout(120)
async def test_a_worker_killed_while_a_cancel_is_under_way_stops_upstream_after_all(stack: Stack) -> None:
    await stack.start_temporal()
    worker, _ = await asyncio.gather(stack.start_worker(), stack.start_api())
    async with stack.client() as client:
        operation_id = await begin(client, "[sim:research=stuck] How far do herons fly?")
        await reaches(client, operation_id, "running")
        stack.simulator.add_rule(path="*/stop_conversation", hold="before")
        await client.post(f"{OPERATIONS}/{operation_id}/cancel")
        await stack.simulator.held(1, timeout=20)
        await worker.kill()
        stack.simulator.clear_rules()
        stack.simulator.release()
        await stack.start_worker("second")
        done = await reaches(client, operation_id, "cancelled", seconds=75)

    assert set(done["last_cancel_result"]) == {"conversation", "deep_research"}
    assert submissions(stack) == 1
    assert "stop" in [call.tool for call in stack.simulator.ledger.connector_calls]
