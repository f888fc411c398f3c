"""The research operation, step by step, on a real server."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.research import ResearchRequest
from core.errors import (
    AuthExpiredError,
    BridgeError,
    ContentBlockedError,
    FeatureLimitError,
    InvalidRequestError,
    PlanNotWaitingError,
    UpstreamError,
    WorkerUnavailableError,
)
from core.settings import TemporalSettings
from tests.fakes.research import COMPLETED, HANDLE, REPORT, RUNNING, WAITING, ResearchWorld, ended, half_way
from tests.fakes.waiting import until
from tests.fixtures.durable import Workbench, open_workbench
from workflows.temporal import worker as worker_module

QUICK: dict[str, Any] = {
    "plan_delay_seconds": 0.2,
    "research_launch_seconds": 0.3,
    "research_limit_seconds": 20,
    "research_silence_seconds": 15,
    "research_failures": 3,
}


@pytest.fixture
def world() -> ResearchWorld:
    return ResearchWorld()


@asynccontextmanager
async def opened(
    folder: Path, settings: TemporalSettings, world: ResearchWorld, **operations: Any
) -> AsyncIterator[Workbench]:
    async with open_workbench(folder, settings, world, accounts=("one",), operations={**QUICK, **operations}) as bench:
        yield bench


@pytest.fixture
async def idle(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workbench]:
    """One account, and no worker until the test starts one; its workers let go at once."""
    monkeypatch.setattr(worker_module, "_GRACE", worker_module.timedelta(milliseconds=50))
    async with opened(tmp_path, temporal_settings, world) as bench:
        yield bench


@pytest.fixture
async def bench(idle: Workbench) -> AsyncIterator[Workbench]:
    async with idle.worker():
        yield idle


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


# --- The report


async def test_a_research_ends_with_its_report_and_the_list_of_its_sources(bench: Workbench) -> None:
    done = await completed(bench, record := await begin(bench))

    report, sources = done.artifacts
    assert [report.kind, sources.kind] == ["research", "sources"]
    assert report.filename == f"{int(done.created_at.timestamp())}-what-do-herons-eat.md"
    assert sources.filename == report.filename.replace(".md", ".sources.json")
    assert done.text == REPORT
    written = await content(bench, done)
    assert written.endswith(f"---\n\n{REPORT}\n")
    assert 'prompt: "What do herons eat?"\naccount: "one"\n' in written
    told = json.loads(await content(bench, done, 1))
    assert [source["url"] for source in told["sources"]] == ["https://birds.test/herons", "https://birds.test/egrets"]
    assert await bench.states(record) == ["accepted", "submitting", "running", "saving", "completed"]
    assert len(bench.upstream.submissions) == 1


async def test_the_log_tells_steps_sources_and_time(bench: Workbench) -> None:
    done = await completed(bench, await begin(bench))

    told = [event.data for event in await bench.events(done) if event.type == "progress"]
    assert [(event["done"], event["total"], event["sources"]) for event in told] == [(0, 2, None), (1, 2, 1)]
    assert all(event["elapsed_seconds"] >= 0 for event in told)


async def test_the_report_is_not_in_the_history(bench: Workbench) -> None:
    done = await completed(bench, await begin(bench))

    codec = bench.temporal._client.data_converter.payload_codec
    assert codec is not None
    history = await bench.temporal._client.get_workflow_handle(done.id).fetch_history()
    found = []
    for event in history.events:
        completion = event.activity_task_completed_event_attributes
        found += [payload.data.decode() for payload in await codec.decode(completion.result.payloads)]
    assert any("running" in text for text in found)
    assert not any("They wade" in text for text in found)


async def test_an_answer_in_words_is_the_report(bench: Workbench, world: ResearchWorld) -> None:
    world.words = "Which herons do you mean?"

    done = await completed(bench, await begin(bench))

    assert done.text == "Which herons do you mean?"
    assert "sources: []" in await content(bench, done)


async def test_a_research_that_the_stream_did_not_name_is_found_in_the_conversation(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.names, world.hidden_looks = False, 1

    done = await completed(bench, await begin(bench))

    assert done.text == REPORT
    assert done.research is not None
    assert done.research.session_id == HANDLE.session_id


async def test_a_research_that_upstream_never_shows_fails(bench: Workbench, world: ResearchWorld) -> None:
    world.names, world.hidden_looks = False, -1
    world.acknowledges = ""

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("research_failed", True)


@pytest.mark.parametrize("status", ["failed", "rate_limited", "error"])
async def test_a_research_that_upstream_gives_up_fails(bench: Workbench, world: ResearchWorld, status: str) -> None:
    world.begins = [RUNNING, ended(status)]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("research_failed", True)
    assert f"`{status}`" in done.failure.message


async def test_a_report_that_is_missing_fails(bench: Workbench, world: ResearchWorld) -> None:
    world.begins = [RUNNING, COMPLETED.__class__("completed", "completed")]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert done.failure.code == "research_failed"


async def test_a_research_that_somebody_stops_upstream_ends_cancelled(bench: Workbench, world: ResearchWorld) -> None:
    world.begins = [RUNNING, ended("cancelled")]

    done = await bench.finished(await begin(bench))

    assert (done.state, done.failure, world.research_stops) == ("cancelled", None, [])


# --- Trouble on the way


@pytest.mark.parametrize("trouble", [UpstreamError("502"), UpstreamError("503")])
async def test_a_watch_that_breaks_goes_on_from_its_offset(
    bench: Workbench, world: ResearchWorld, trouble: BridgeError
) -> None:
    world.begins, world.watching = [RUNNING, half_way()], [None]
    record = await begin(bench)
    await until(lambda: _progressed(bench, record, 1))
    world.watching = [trouble]
    world.states.append(COMPLETED)

    await completed(bench, record)

    assert len(world.submissions) == 1


async def test_an_upstream_that_cannot_be_followed_at_all_fails_the_research(
    bench: Workbench, world: ResearchWorld
) -> None:
    world.watching = [UpstreamError("502")] * 9

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("upstream_error", True)
    assert len(world.offsets) == 3


async def test_an_account_that_expires_meanwhile_says_what_to_do(bench: Workbench, world: ResearchWorld) -> None:
    world.watching = [AuthExpiredError("expired")]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.fault) == ("auth_expired", "account")


async def test_a_quota_that_is_used_up_spends_nothing(bench: Workbench, world: ResearchWorld) -> None:
    world.entering = [FeatureLimitError("no research left")]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("feature_limit", False)


async def test_a_silent_research_is_looked_at_once_more_and_times_out(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld
) -> None:
    world.begins = [RUNNING]
    async with (
        opened(tmp_path, temporal_settings, world, research_silence_seconds=0.4) as bench,
        bench.worker(),
    ):
        done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent, world.looks) == ("operation_timeout", True, 1)
    assert "`researching`" in done.failure.message


async def test_a_report_that_is_seen_only_at_the_wall_limit_counts(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld
) -> None:
    world.at_watch.clear()
    async with (
        opened(tmp_path, temporal_settings, world, research_limit_seconds=0.8) as bench,
        bench.worker(),
    ):
        done = await completed(bench, await begin(bench))

    assert (done.text, world.looks) == (REPORT, 1)


# --- The plan


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
    await until(lambda: _version(bench, record, 2))
    await decide(bench, record, "edit", "only in Europe", key="twice")
    await until(lambda: _version(bench, record, 3))
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
    await until(lambda: _queried(bench, record, "waiting_for_plan"))
    workflow = bench.temporal._client.get_workflow_handle(record.id)

    await workflow.signal(name, *(["only grey ones"] if name == "edit_plan" else []))

    if name == "edit_plan":
        await until(lambda: _version(bench, record, 2))
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
    await until(lambda: _version(bench, record, 2))
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


# --- A worker that goes, a history that is lost


@pytest.mark.parametrize("phase", ["submitting", "waiting_for_plan", "running", "saving"])
async def test_a_worker_that_goes_costs_no_second_research(
    idle: Workbench, world: ResearchWorld, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = _held_in(world, idle, phase, monkeypatch)
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
        await until(lambda: _progressed(idle, record, 1))
    world.states.append(COMPLETED)

    async with idle.worker():
        await completed(idle, record)

    assert world.offsets[0] == "0"
    assert world.offsets[-1] == "2"


@pytest.mark.parametrize("phase", ["waiting_for_plan", "running", "saving"])
async def test_a_lost_history_goes_on_from_the_journal(
    idle: Workbench, world: ResearchWorld, phase: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = _held_in(world, idle, phase, monkeypatch)
    async with idle.worker():
        record = await begin(idle)
        await idle.reaches(record, phase)
        if phase == "waiting_for_plan":
            await until(lambda: _approving(world))
    await _forget(idle, record.id)
    gate.set()
    if phase == "running":
        world.states.append(COMPLETED)

    async with idle.worker():
        assert await idle.temporal.start(record)
        await completed(idle, record)

    assert len(world.submissions) == 1


# --- Cancel


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
    await until(lambda: _sent(world))
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
    await until(lambda: _sent(world))
    await asyncio.sleep(0.2)

    await bench.cancel(record)
    await until(lambda: _stopped(world))
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
    await until(lambda: _approving(world))

    await bench.cancel(record)

    assert (await bench.finished(record)).state == "cancelled"
    with pytest.raises(PlanNotWaitingError):
        await deciding
    world.at_approval.set()


async def test_a_cancel_while_the_report_is_written_keeps_nothing(
    bench: Workbench, world: ResearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = _held_in(world, bench, "saving", monkeypatch)
    record = await begin(bench)
    await bench.reaches(record, "saving")

    await bench.cancel(record)

    done = await bench.finished(record)
    gate.set()
    assert (done.state, done.artifacts) == ("cancelled", ())


# --- Helpers


def _held_in(world: ResearchWorld, bench: Workbench, phase: str, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
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


async def _progressed(bench: Workbench, record: OperationRecord, done: int) -> bool:
    return any(event.type == "progress" and event.data["done"] == done for event in await bench.events(record))


async def _version(bench: Workbench, record: OperationRecord, version: int) -> bool:
    """Whether the workflow waits with this version of the plan: its decision would be about that."""
    found = await bench.bridge.operations.find(record.id)
    plan = found and found.research and found.research.plan
    if not plan or plan.version != version:
        return False
    told = await bench.temporal._client.get_workflow_handle(record.id).query("__temporal_workflow_metadata")
    return f"Narrow {version}" in str(told)


async def _queried(bench: Workbench, record: OperationRecord, state: str) -> bool:
    answer = await bench.temporal.state(record.id)
    return answer is not None and answer.state == state


async def _approving(world: ResearchWorld) -> bool:
    return world.approvals > 0


async def _sent(world: ResearchWorld) -> bool:
    return bool(world.submissions)


async def _stopped(world: ResearchWorld) -> bool:
    return bool(world.stops)


async def _forget(bench: Workbench, operation_id: str) -> None:
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
