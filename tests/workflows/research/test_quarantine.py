"""A research whose account is in quarantine: it is not followed, and what was decided is told upstream afterwards."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from activities import upstream as upstream_module
from core.contracts.operations import OperationRecord
from core.errors import BrowserCheckRequiredError
from core.settings import TemporalSettings
from tests.fakes.provider import capture
from tests.fakes.research import COMPLETED, RUNNING, ResearchWorld, half_way
from tests.fakes.waiting import until
from tests.fixtures.durable import Workbench
from tests.workflows.research.steps import begin, completed, decide, opened, progressed


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_module, "_LOOK_AGAIN", upstream_module.timedelta(seconds=0.3))


async def quarantined(bench: Workbench, record: OperationRecord) -> None:
    await bench.bridge.registry.snapshot()
    await bench.bridge.outcomes.report("one", BrowserCheckRequiredError("a person", reason="challenge_page"))

    async def waits() -> bool:
        return bool((await bench.bridge.operations.get(record.id, record.owner)).skipped)

    await until(waits, seconds=10)


async def refreshed(bench: Workbench) -> None:
    await bench.bridge.captures.update("one", capture("plus", fresh=True), actor="test", verify=False)


async def test_a_silence_that_nobody_listened_to_is_no_silence(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld
) -> None:
    world.begins = [RUNNING, half_way()]
    async with (
        opened(tmp_path, temporal_settings, world, research_silence_seconds=2) as bench,
        bench.worker(),
    ):
        record = await begin(bench)
        await until(lambda: progressed(bench, record, 1), seconds=10)
        await quarantined(bench, record)
        watched = len(world.offsets)
        await asyncio.sleep(2.5)
        assert (len(world.offsets), world.looks) == (watched, 0)
        await refreshed(bench)
        await until(lambda: asyncio.sleep(0, len(world.offsets) > watched), seconds=10)
        await asyncio.sleep(0.3)
        world.states.append(COMPLETED)

        await completed(bench, record)


async def test_a_plan_that_is_approved_meanwhile_is_approved_once_the_capture_is_fresh(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")
    await quarantined(bench, record)
    decided = asyncio.create_task(decide(bench, record, "approve"))
    await asyncio.sleep(1)
    assert world.approvals == 0
    await refreshed(bench)

    assert (await decided).decision == "approve"
    await completed(bench, record)
    assert world.approvals == 1
