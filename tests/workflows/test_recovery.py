"""What comes after a mishap: lost starts, lost histories, terminated workflows, workers that stop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import UpstreamError
from core.settings import TemporalSettings
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import Workbench, open_workbench
from workflows.temporal import reconciler as module
from workflows.temporal.reconciler import reconcile_forever


@pytest.fixture
async def idle(tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream) -> AsyncIterator[Workbench]:
    """One account, and no worker until the test starts one."""
    async with open_workbench(tmp_path, temporal_settings, upstream, accounts=("one",)) as bench:
        yield bench


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_LOOK_ROUNDS", 1)


@asynccontextmanager
async def reconciling(bench: Workbench) -> AsyncIterator[None]:
    stop = asyncio.Event()
    bridge = bench.bridge
    loop = asyncio.create_task(reconcile_forever(bridge, bench.temporal, stop=stop))
    try:
        yield
    finally:
        stop.set()
        await loop


async def test_an_operation_that_was_never_started_is_started(bench: Workbench) -> None:
    record = await bench.admit()

    async with reconciling(bench):
        done = await bench.finished(record)

    assert done.state == "completed", done.failure


async def test_starting_again_is_success_and_changes_nothing(bench: Workbench) -> None:
    record = await bench.begin()
    await bench.temporal.start(record)
    done = await bench.finished(record)

    assert await bench.temporal.start(record)
    assert not await bench.temporal.start(done)
    await asyncio.sleep(0.3)
    assert len(bench.upstream.submissions) == 1


@pytest.mark.parametrize("step", ["submitting", "running", "saving"])
async def test_a_lost_history_costs_no_second_picture(idle: Workbench, upstream: FakeUpstream, step: str) -> None:
    gates = {"submitting": upstream.before_send, "running": upstream.in_stream, "saving": upstream.at_download}
    gates[step].clear()
    async with idle.worker():
        record = await idle.begin()
        await idle.reaches(record, step)
        await upstream.held()
        await asyncio.sleep(0.2)
    await idle.forget(record)
    gates[step].set()

    async with idle.worker(), reconciling(idle):
        done = await idle.finished(record)

    assert done.state == "completed", done.failure
    assert len(upstream.submissions) == 1


async def test_a_terminated_workflow_ends_its_operation(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    record = await bench.begin()
    await bench.reaches(record, "running")
    await bench.temporal._client.get_workflow_handle(record.id).terminate()

    async with reconciling(bench):
        done = await bench.finished(record)

    assert done.failure is not None
    assert done.failure.code == "workflow_terminated"
    assert done.failure.spent
    assert bench.upstream.stops == ["conversation-1"]
    assert done.last_cancel_result is not None


async def test_nothing_is_sent_for_a_terminated_workflow(bench: Workbench) -> None:
    bench.upstream.before_send.clear()
    record = await bench.begin()
    await bench.upstream.held()
    await bench.temporal._client.get_workflow_handle(record.id).terminate()

    async with reconciling(bench):
        done = await bench.finished(record)
    bench.upstream.before_send.set()
    await asyncio.sleep(0.3)

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("workflow_terminated", False)
    assert bench.upstream.submissions == []


async def test_an_upstream_that_cannot_be_stopped_does_not_keep_a_terminated_operation(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    bench.upstream.stopping = [UpstreamError("503")] * 5
    record = await bench.begin()
    await bench.reaches(record, "running")
    await bench.temporal._client.get_workflow_handle(record.id).terminate()

    async with reconciling(bench):
        done = await bench.finished(record)

    assert done.failure is not None
    assert done.failure.code == "workflow_terminated"
    assert "upstream_error" in (done.last_cancel_error or "")


async def test_the_line_moves_on_after_a_terminated_workflow(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    first = await bench.begin("first")
    await bench.reaches(first, "running")
    second = await bench.begin("second")
    await bench.reaches(second, "waiting_for_account")
    await bench.temporal._client.get_workflow_handle(first.id).terminate()
    bench.upstream.in_stream.set()

    async with reconciling(bench):
        assert (await bench.finished(second)).state == "completed"


async def test_a_worker_that_shuts_down_leaves_upstream_at_work(idle: Workbench, upstream: FakeUpstream) -> None:
    upstream.in_stream.clear()
    async with idle.worker():
        record = await idle.begin()
        await idle.reaches(record, "running")
    assert upstream.stops == []
    upstream.in_stream.set()

    async with idle.worker():
        done = await idle.finished(record, seconds=30)

    assert done.state == "completed", done.failure
    assert len(upstream.submissions) == 1


async def test_a_cancel_whose_signal_was_lost_still_counts(bench: Workbench) -> None:
    bench.upstream.inline, bench.upstream.pending_polls = False, 10_000
    record = await bench.begin()
    await bench.reaches(record, "running")
    await bench.bridge.operations.request_cancel(record.id, record.owner)

    async with reconciling(bench):
        done = await bench.finished(record)

    assert done.state == "cancelled"
    assert bench.upstream.stops == ["conversation-1"]
