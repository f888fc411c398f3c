"""The plan of a research: shown, decided on, left alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from core.errors import (
    BridgeError,
    ContentBlockedError,
    InvalidRequestError,
    PlanNotWaitingError,
    UpstreamError,
    WorkerUnavailableError,
)
from core.settings import TemporalSettings
from tests.fakes.research import COMPLETED, HANDLE, RUNNING, ResearchWorld
from tests.fakes.waiting import until
from tests.fixtures.durable import Workbench
from tests.workflows.research.steps import begin, completed, decide, opened, queried, version


async def test_a_plan_is_approved_by_itself_after_a_while(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()

    done = await completed(bench, record := await begin(bench))

    assert world.approvals == 1
    assert await bench.states(record) == [
        *("accepted", "submitting", "waiting_for_plan", "running", "saving", "completed")
    ]
    assert done.research is not None
    assert done.research.plan is not None
    assert done.research.plan.decision == "approve"


async def test_a_plan_that_waits_for_a_person_is_shown_and_not_approved_by_itself(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")
    await asyncio.sleep(0.6)

    shown = await bench.bridge.operations.find(record.id)

    assert shown is not None
    assert shown.research is not None
    assert shown.research.plan is not None
    assert shown.state == "waiting_for_plan"
    assert [step.text for step in shown.research.plan.steps] == ["Collect", "Compare"]
    assert (shown.research.plan.decision, world.approvals) == (None, 0)
    current, stale = await bench.temporal.current(shown)
    assert (current.state, stale) == ("waiting_for_plan", False)

    decided = await decide(bench, record, "approve")

    assert (decided.decision, decided.version) == ("approve", 1)
    await completed(bench, record)
    assert world.approvals == 1


async def test_temporals_ui_shows_the_plan(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    async def details() -> bool:
        told = await bench.temporal._client.get_workflow_handle(record.id).query("__temporal_workflow_metadata")
        return "Survey" in str(told) and "1. Collect" in str(told)

    await until(details)


async def test_an_edited_plan_waits_for_its_next_version(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    await decide(bench, record, "edit", "only grey ones")
    await until(lambda: version(bench, record, 2))
    await decide(bench, record, "edit", "only in Europe", key="twice")
    await until(lambda: version(bench, record, 3))
    await decide(bench, record, "approve", key="thrice")

    await completed(bench, record)
    assert world.edits == ["only grey ones", "only in Europe"]
    assert [event.data["decision"] for event in await bench.events(record) if event.type == "plan_decision"] == [
        *("edit", "edit", "approve")
    ]


async def test_a_rejected_plan_ends_cancelled_and_stops_upstream(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    await decide(bench, record, "reject")

    done = await bench.finished(record)
    assert (done.state, done.failure) == ("cancelled", None)
    assert world.research_stops == [HANDLE]
    assert done.last_cancel_result is not None
    assert set(done.last_cancel_result) == {"conversation", "deep_research"}


@pytest.mark.parametrize("name", ["approve_plan", "reject_plan", "edit_plan"])
async def test_signals_sent_by_hand_decide_as_well(bench: Workbench, world: ResearchWorld, name: str) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await until(lambda: queried(bench, record, "waiting_for_plan"))
    workflow = bench.temporal._client.get_workflow_handle(record.id)

    await workflow.signal(name, *(["only grey ones"] if name == "edit_plan" else []))

    if name == "edit_plan":
        await until(lambda: version(bench, record, 2))
        await workflow.signal("approve_plan")
    done = await bench.finished(record)
    assert done.state == ("cancelled" if name == "reject_plan" else "completed"), done.failure


async def test_a_decision_that_comes_too_early_or_too_late_says_so(bench: Workbench, world: ResearchWorld) -> None:
    world.begins = [RUNNING]
    record = await begin(bench)
    await bench.reaches(record, "running")
    with pytest.raises(PlanNotWaitingError):
        await decide(bench, record, "approve")
    await bench.temporal._client.get_workflow_handle(record.id).signal("reject_plan")

    world.states.append(COMPLETED)
    await completed(bench, record)
    await asyncio.sleep(0.2)

    with pytest.raises(PlanNotWaitingError):
        await decide(bench, record, "approve", key="later")


async def test_upstream_may_begin_without_waiting_any_longer(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    world.states.append(RUNNING)
    await bench.reaches(record, "running")

    with pytest.raises(PlanNotWaitingError):
        await decide(bench, record, "edit", "too late")
    world.states.append(COMPLETED)
    await completed(bench, record)
    assert (world.approvals, world.edits) == (0, [])


async def test_the_same_decision_again_is_answered_alike_and_an_other_one_refused(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.asks_for_plan()
    world.after_approval = [RUNNING]
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    first, again = await decide(bench, record, "approve"), await decide(bench, record, "approve")

    assert first == again
    with pytest.raises(PlanNotWaitingError):
        await decide(bench, record, "reject", key="another")
    assert world.approvals == 1
    world.states.append(COMPLETED)
    await completed(bench, record)


async def test_an_edit_without_words_is_refused(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    with pytest.raises(InvalidRequestError) as caught:
        await decide(bench, record, "edit", " ")

    assert caught.value.param == "text"
    await bench.cancel(record)
    await bench.finished(record)


async def test_a_decision_that_upstream_refuses_is_told_and_the_plan_waits_on(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.asks_for_plan()
    world.editing = [ContentBlockedError("not that")]
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    with pytest.raises(BridgeError) as caught:
        await decide(bench, record, "edit", "only grey ones")

    assert caught.value.code == "content_policy_violation"
    await decide(bench, record, "approve", key="instead")
    await completed(bench, record)


async def test_an_edit_whose_answer_was_lost_is_not_sent_twice(bench: Workbench, world: ResearchWorld) -> None:
    world.asks_for_plan()
    world.lost_edits, world.editing = True, [UpstreamError("reset")]
    record = await begin(bench, plan="ask")
    await bench.reaches(record, "waiting_for_plan")

    await decide(bench, record, "edit", "only grey ones")
    await until(lambda: version(bench, record, 2))
    await asyncio.sleep(1.5)

    assert world.edits == ["only grey ones"]
    await decide(bench, record, "approve", key="then")
    await completed(bench, record)


async def test_a_decision_without_a_worker_is_not_taken(
    idle: Workbench, world: ResearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    from workflows.temporal import handle

    monkeypatch.setattr(handle, "_DECIDE_SECONDS", 0.3)
    world.asks_for_plan()
    async with idle.worker():
        record = await begin(idle, plan="ask")
        await idle.reaches(record, "waiting_for_plan")

    with pytest.raises(WorkerUnavailableError):
        await decide(idle, record, "approve")


async def test_a_plan_that_nobody_decides_on_times_out(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld
) -> None:
    world.asks_for_plan()
    async with (
        opened(tmp_path, temporal_settings, world, plan_limit_seconds=0.5) as bench,
        bench.worker(),
    ):
        done = await bench.finished(await begin(bench, plan="ask"))

    assert done.failure is not None
    assert (done.failure.code, world.looks) == ("operation_timeout", 1)
