"""The schedule of the care of accounts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from temporalio.client import Client, ScheduleActionStartWorkflow, ScheduleOverlapPolicy
from temporalio.service import RPCError

from core.contracts.care import CareInput
from core.errors import TemporalUnavailableError
from core.settings import CareSettings, TemporalSettings, load
from tests.fixtures.temporal import free_port
from tests.replay.keys import RecordedKeys
from workflows.temporal import schedules
from workflows.temporal.client import connect

QUIET = load(CareSettings, interval_seconds=24 * 3600, canary=False)


@pytest.fixture
async def client(temporal_settings: TemporalSettings) -> Client:
    return await connect(temporal_settings, RecordedKeys())


async def test_it_says_what_is_done_how_often_and_how_late_it_may_be(
    client: Client, temporal_settings: TemporalSettings
) -> None:
    queue = temporal_settings.task_queue
    for settings in (QUIET, load(CareSettings, interval_seconds=1200)):
        await schedules.keep_care(client, settings, task_queue=queue)

    found = (await client.get_schedule_handle(schedules.care_id(queue)).describe()).schedule
    action = found.action
    assert isinstance(action, ScheduleActionStartWorkflow)
    [given] = await client.data_converter.decode(action.args, [CareInput])  # type: ignore[arg-type]
    assert given == CareInput(canary=True, spread=timedelta(minutes=5))
    assert (action.workflow, action.task_queue) == ("AccountCareWorkflow", queue)
    assert [interval.every for interval in found.spec.intervals] == [timedelta(minutes=20)]
    assert found.spec.jitter == timedelta(minutes=5)
    assert found.policy.overlap is ScheduleOverlapPolicy.SKIP


async def test_a_pause_stays_and_0_seconds_remove_it(client: Client, temporal_settings: TemporalSettings) -> None:
    queue = temporal_settings.task_queue
    await schedules.keep_care(client, QUIET, task_queue=queue)
    handle = client.get_schedule_handle(schedules.care_id(queue))
    await handle.pause(note="not now")
    await schedules.keep_care(client, QUIET, task_queue=queue)
    assert (await handle.describe()).schedule.state.paused

    off = load(CareSettings, interval_seconds=0)
    await schedules.keep_care(client, off, task_queue=queue)
    await schedules.keep_care(client, off, task_queue=queue)

    with pytest.raises(RPCError, match="not found"):
        await handle.describe()


async def test_without_a_server_it_is_left_for_later() -> None:
    away = await connect(load(TemporalSettings, address=f"127.0.0.1:{free_port()}"), RecordedKeys())

    with pytest.raises(TemporalUnavailableError):
        await schedules.keep_care(away, QUIET, task_queue="q")
