"""Retention as Temporal runs it: by a schedule that the worker keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleOverlapPolicy
from temporalio.service import RPCError

from bridge.operations.rows import OPERATIONS
from core.clock import utc_now
from core.contracts.operations import OperationRecord
from core.contracts.retention import RetentionInput, RetentionReport
from core.errors import TemporalUnavailableError
from core.settings import RetentionSettings, TemporalSettings, load
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import Workbench, open_workbench
from tests.fixtures.temporal import free_port
from workflows.retention import RetentionWorkflow
from workflows.temporal import schedules
from workflows.temporal.client import connect
from workflows.temporal.replayer import build_replayer
from workflows.temporal.worker import run_worker

DAILY = load(RetentionSettings, interval_hours=24, operations_days=10)


@pytest.fixture
async def client(bench: Workbench) -> Client:
    return await connect(bench.settings.temporal, bench.keys, blobs=bench.bridge.blobs)


async def old_operation(bench: Workbench) -> OperationRecord:
    """One that ended half a year ago."""
    record = await bench.finished(await bench.begin())
    then = utc_now() - timedelta(days=180)
    await bench.bridge.store.write(
        lambda conn: conn.execute(
            update(OPERATIONS).where(OPERATIONS.c.id == record.id).values(created_at=then, finished_at=then)
        )
    )
    return record


async def run(client: Client, bench: Workbench, given: RetentionInput, name: str) -> RetentionReport:
    return await client.execute_workflow(
        RetentionWorkflow.run,
        given,
        id=f"{bench.settings.temporal.task_queue}-{name}",
        task_queue=bench.settings.temporal.task_queue,
    )


async def until(check: Callable[[], Awaitable[Any]], seconds: float = 20) -> Any:
    """What `check` returns once that is something."""
    for _ in range(round(seconds * 10)):
        if (found := await check()) is not None:
            return found
        await asyncio.sleep(0.1)
    raise AssertionError("it never came")


async def test_a_dry_run_tells_what_the_next_round_removes(bench: Workbench, client: Client) -> None:
    record = await old_operation(bench)

    planned = await run(client, bench, RetentionInput(dry_run=True), "dry")
    assert await bench.bridge.operations.find(record.id) is not None
    removed = await run(client, bench, RetentionInput(), "wet")

    assert (planned.operations, planned.dry_run, removed.operations) == (1, True, 1)
    assert planned.events == removed.events > 0
    assert await bench.bridge.operations.find(record.id) is None


async def test_its_history_replays(bench: Workbench, client: Client) -> None:
    await run(client, bench, RetentionInput(), "replayed")
    handle = client.get_workflow_handle(f"{bench.settings.temporal.task_queue}-replayed")

    await build_replayer(bench.keys).replay_workflow(await handle.fetch_history())


async def test_the_schedule_says_what_is_done_how_often_and_how_long_histories_last(
    bench: Workbench, client: Client
) -> None:
    queue = bench.settings.temporal.task_queue
    await schedules.keep_retention(client, DAILY, task_queue=queue)
    await schedules.keep_retention(client, DAILY, task_queue=queue)

    found = (await client.get_schedule_handle(schedules.retention_id(queue)).describe()).schedule
    action = found.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    [given] = await client.data_converter.decode(action.args, [RetentionInput])  # type: ignore[arg-type]
    assert given == RetentionInput(histories=await bench.temporal.histories_kept())
    assert (action.workflow, action.task_queue) == ("RetentionWorkflow", queue)
    assert [interval.every for interval in found.spec.intervals] == [timedelta(days=1)]
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP


async def test_a_changed_interval_is_taken_over_and_a_pause_stays(bench: Workbench, client: Client) -> None:
    queue = bench.settings.temporal.task_queue
    await schedules.keep_retention(client, DAILY, task_queue=queue)
    handle = client.get_schedule_handle(schedules.retention_id(queue))
    await handle.pause(note="not now")

    await schedules.keep_retention(client, load(RetentionSettings, interval_hours=1), task_queue=queue)

    found = (await handle.describe()).schedule
    assert [interval.every for interval in found.spec.intervals] == [timedelta(hours=1)]
    assert (found.state.paused, found.state.note) == (True, "not now")


async def test_switched_off_there_is_no_schedule(bench: Workbench, client: Client) -> None:
    queue, off = bench.settings.temporal.task_queue, load(RetentionSettings, interval_hours=0)
    await schedules.keep_retention(client, DAILY, task_queue=queue)

    await schedules.keep_retention(client, off, task_queue=queue)
    await schedules.keep_retention(client, off, task_queue=queue)

    with pytest.raises(RPCError, match="not found"):
        await client.get_schedule_handle(schedules.retention_id(queue)).describe()


async def test_without_a_server_the_schedule_is_left_for_later(bench: Workbench) -> None:
    away = await connect(load(TemporalSettings, address=f"127.0.0.1:{free_port()}"), bench.keys)

    with pytest.raises(TemporalUnavailableError):
        await schedules.keep_retention(away, DAILY, task_queue="q")


@pytest.fixture
async def idle(tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream) -> AsyncIterator[Workbench]:
    async with open_workbench(tmp_path, temporal_settings, upstream, accounts=("one",)) as bench:
        yield bench


async def test_a_worker_keeps_the_schedule_also_when_the_server_has_forgotten_it(idle: Workbench) -> None:
    stop = asyncio.Event()
    settings = replace(idle.settings, retention=load(RetentionSettings, interval_hours=1 / 1800))
    working = asyncio.create_task(run_worker(idle.bridge, settings, stop=stop, temporal=idle.temporal))
    client = await connect(idle.settings.temporal, idle.keys)
    handle = client.get_schedule_handle(schedules.retention_id(idle.settings.temporal.task_queue))

    async def ran() -> str | None:
        try:
            actions = (await handle.describe()).info.recent_actions
        except RPCError:
            return None
        return actions[0].action.workflow_id if actions else None  # type: ignore[union-attr]

    try:
        first = await until(ran)
        assert (await client.get_workflow_handle(first, result_type=RetentionReport).result()).dry_run is False
        await handle.delete()
        # What a server that was started anew without its file looks like to the gateway.
        idle.temporal.found += 1
        assert await until(ran) != first
    finally:
        stop.set()
        await asyncio.wait_for(working, 20)
        await handle.delete()
