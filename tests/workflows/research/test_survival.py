"""Researches whose worker goes, whose history is lost, and which are cancelled."""

from __future__ import annotations

import asyncio

import pytest

from core.errors import (
    PlanNotWaitingError,
)
from tests.fakes.research import COMPLETED, HANDLE, REPORT, RUNNING, WAITING, ResearchWorld, half_way
from tests.fakes.waiting import until
from tests.fixtures.durable import Workbench
from tests.workflows.research.steps import (
    approving,
    begin,
    completed,
    decide,
    forget,
    held_in,
    progressed,
    sent,
    stopped,
)


@pytest.mark.parametrize("phase", ["submitting", "waiting_for_plan", "running", "saving"])
async def test_a_worker_that_goes_costs_no_second_research(
    idle: Workbench, world: ResearchWorld, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = held_in(world, idle, phase, monkeypatch)
    async with idle.worker():
        record = await begin(idle, plan="ask" if phase == "waiting_for_plan" else "auto")
        await idle.reaches(record, phase)
        await asyncio.sleep(0.1)
    assert (world.stops, world.research_stops) == ([], [])

    gate.set()
    async with idle.worker():
        if phase == "waiting_for_plan":
            await decide(idle, record, "approve")
        if phase == "running":
            world.states.append(COMPLETED)
        done = await completed(idle, record)

    assert (done.text, len(done.artifacts), len(world.submissions)) == (REPORT, 2, 1)


async def test_a_watch_resumes_where_the_journal_left_it(idle: Workbench, world: ResearchWorld) -> None:
    world.begins = [RUNNING, half_way()]
    async with idle.worker():
        record = await begin(idle)
        await until(lambda: progressed(idle, record, 1))
    world.states.append(COMPLETED)

    async with idle.worker():
        await completed(idle, record)

    assert world.offsets[0] == "0"
    assert world.offsets[-1] == "2"


@pytest.mark.parametrize("phase", ["waiting_for_plan", "running", "saving"])
async def test_a_lost_history_goes_on_from_the_journal(
    idle: Workbench, world: ResearchWorld, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = held_in(world, idle, phase, monkeypatch)
    async with idle.worker():
        record = await begin(idle)
        await idle.reaches(record, phase)
        if phase == "waiting_for_plan":
            await until(lambda: approving(world))
    await forget(idle, record.id)
    gate.set()
    if phase == "running":
        world.states.append(COMPLETED)

    async with idle.worker():
        assert await idle.temporal.start(record)
        await completed(idle, record)

    assert len(world.submissions) == 1


@pytest.mark.parametrize("phase", ["waiting_for_plan", "running"])
async def test_a_cancel_stops_research_and_conversation(bench: Workbench, world: ResearchWorld, phase: str) -> None:
    world.begins = [WAITING] if phase == "waiting_for_plan" else [RUNNING]
    record = await begin(bench, plan="ask")
    await bench.reaches(record, phase)

    await bench.cancel(record)

    done = await bench.finished(record)
    assert (done.state, world.research_stops, world.stops) == ("cancelled", [HANDLE], ["conversation-1"])
    assert done.last_cancel_result == {
        "conversation": {"status": "ok", "last_message_id": None},
        "deep_research": {"isError": False},
    }
    assert done.artifacts == ()


async def test_a_cancel_stops_a_research_that_only_the_conversation_shows(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.in_stream.clear()
    world.hidden_looks = 1
    record = await begin(bench)
    await until(lambda: sent(world))
    await asyncio.sleep(0.2)

    await bench.cancel(record)
    done = await bench.finished(record)
    world.in_stream.set()

    assert (done.state, world.research_stops) == ("cancelled", [HANDLE])
    assert done.last_cancel_result is not None
    assert set(done.last_cancel_result) == {"conversation", "deep_research"}


async def test_a_cancel_before_the_research_is_known_says_so(bench: Workbench, world: ResearchWorld) -> None:
    world.in_stream.clear()
    world.hidden_looks = -1
    record = await begin(bench)
    await until(lambda: sent(world))
    await asyncio.sleep(0.2)

    await bench.cancel(record)
    await until(lambda: stopped(world))
    world.in_stream.set()

    done = await bench.finished(record)
    assert done.state == "cancelled"
    assert done.last_cancel_result == {
        "conversation": {"status": "ok", "last_message_id": None},
        "deep_research_pending": "widget_session_id_not_available",
    }


async def test_a_cancel_while_upstream_is_told_of_an_approval(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()
    world.at_approval.clear()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")
    deciding = asyncio.create_task(decide(bench, record, "approve"))
    await until(lambda: approving(world))

    await bench.cancel(record)

    assert (await bench.finished(record)).state == "cancelled"
    with pytest.raises(PlanNotWaitingError):
        await deciding
    world.at_approval.set()


async def test_a_cancel_while_the_report_is_written_keeps_nothing(
    bench: Workbench, world: ResearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = held_in(world, bench, "saving", monkeypatch)
    record = await begin(bench)
    await bench.reaches(record, "saving")

    await bench.cancel(record)

    done = await bench.finished(record)
    gate.set()
    assert (done.state, done.artifacts) == ("cancelled", ())
