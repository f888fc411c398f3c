"""The process part that runs workflows and activities."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from temporalio.client import Client
from temporalio.worker import Worker

from activities.account_care import AccountCareActivities
from activities.artifacts import ArtifactActivities
from activities.images import ImageActivities
from activities.leases import LeaseActivities
from activities.previews import PreviewKeeper
from activities.records import RecordActivities
from activities.research import ResearchActivities
from activities.responses import ResponseActivities
from activities.retention import RetentionActivities
from activities.turns import TurnActivities
from activities.uploads import UploadActivities
from activities.upstream import Upstream
from core.errors import BridgeError
from core.logging import get_logger
from core.settings import Settings, TemporalSettings
from workflows.account_care import AccountCareWorkflow
from workflows.retention import RetentionWorkflow
from workflows.temporal.client import connect
from workflows.temporal.gateway import Temporal, open_temporal
from workflows.temporal.interceptors import LogIds
from workflows.temporal.reconciler import reconcile_forever
from workflows.temporal.sandbox import runner
from workflows.temporal.starter import WORKFLOWS

if TYPE_CHECKING:
    from bridge.build import Bridge

_log = get_logger(__name__)

_GRACE = timedelta(seconds=5)
_CLOSE_SECONDS = 10.0
_AGAIN_SECONDS = 1.0
_SCHEDULE_SECONDS = 600.0
"""A server that came back emptied within a second looks as if it had never been away."""


def activities(bridge: Bridge) -> list[Any]:
    """Every activity, as bound methods of the objects that hold its clients."""
    upstream = Upstream(bridge.pool, bridge.submissions)
    leases = LeaseActivities(bridge.reservations)
    uploads = UploadActivities(bridge.submissions, upstream, bridge.inputs)
    previews = PreviewKeeper(bridge.submissions, bridge.previews)
    turns = TurnActivities(bridge.submissions, upstream, bridge.operations, bridge.results, previews)
    images = ImageActivities(bridge.submissions, upstream, previews)
    responses = ResponseActivities(bridge.operations, bridge.submissions, bridge.results, upstream)
    artifacts = ArtifactActivities(bridge.operations, bridge.submissions, upstream, bridge.artifacts)
    research = ResearchActivities(bridge.operations, bridge.submissions, bridge.researches, upstream, bridge.reports)
    records = RecordActivities(bridge.operations)
    care = AccountCareActivities(bridge.care)
    return [
        leases.reserve_account,
        leases.finish_uploads,
        uploads.upload_input,
        turns.submit_turn,
        turns.stop_turn,
        images.poll_image,
        responses.poll_answer,
        research.watch_research,
        research.approve_plan,
        research.edit_plan,
        research.reject_plan,
        research.save_report,
        artifacts.save_artifacts,
        records.close_operation,
        RetentionActivities(bridge.retention).remove_expired,
        care.look_at_accounts,
        care.ask_account,
    ]


def build_worker(client: Client, bridge: Bridge, *, task_queue: str) -> Worker:
    """A worker for everything of ours on a connected client; the caller runs it."""
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[*WORKFLOWS.values(), RetentionWorkflow, AccountCareWorkflow],
        activities=activities(bridge),
        workflow_runner=runner(),
        interceptors=[LogIds()],
        max_heartbeat_throttle_interval=timedelta(seconds=1),
        default_heartbeat_throttle_interval=timedelta(seconds=1),
        sticky_queue_schedule_to_start_timeout=timedelta(seconds=3),
        graceful_shutdown_timeout=_GRACE,
    )


async def run_worker(
    bridge: Bridge, settings: Settings, *, stop: asyncio.Event, temporal: Temporal | None = None
) -> None:
    """Serve the task queue, and reconcile, until `stop` is set.

    Waits for a server that is away, at the start and later. `temporal` is the process's own way to the server, where
    it has one already.
    """
    if temporal is not None:
        await _serve(bridge, settings, temporal, stop)
        return
    async with open_temporal(bridge.keyring, settings.temporal, settings.operations, blobs=bridge.blobs) as opened:
        await _serve(bridge, settings, opened, stop)


def tell_granted(bridge: Bridge, temporal: Temporal) -> None:
    """Have whatever frees an account in this process signal the operations that it went to."""
    bridge.operations.on_granted = temporal.signal_granted
    bridge.pool.on_granted = temporal.signal_granted
    bridge.reservations.on_granted = temporal.signal_granted


async def _serve(bridge: Bridge, settings: Settings, temporal: Temporal, stop: asyncio.Event) -> None:
    tell_granted(bridge, temporal)
    beside = [
        asyncio.create_task(reconcile_forever(bridge, temporal, stop=stop), name="reconciler"),
        asyncio.create_task(_keep_schedules(temporal, settings, stop), name="schedules"),
    ]
    try:
        while not stop.is_set():
            client = await _connected(bridge, settings.temporal) if await temporal.ready(_AGAIN_SECONDS) else None
            if client is not None:
                await _work(build_worker(client, bridge, task_queue=settings.temporal.task_queue), stop)
    finally:
        stop.set()
        await asyncio.gather(*beside)


async def _keep_schedules(temporal: Temporal, settings: Settings, stop: asyncio.Event) -> None:
    """The schedules are there whenever the server is, also when that has lost everything meanwhile."""
    kept, soon = 0, 0.0
    while not stop.is_set():
        now = asyncio.get_running_loop().time()
        if temporal.available and (temporal.found != kept or now >= soon):
            kept, soon = temporal.found, now + _SCHEDULE_SECONDS
            try:
                await temporal.keep_retention(settings.retention)
                await temporal.keep_care(settings.care)
            except BridgeError as error:
                kept = 0
                _log.warning("schedule_not_kept", code=error.code, reason=error.message)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _AGAIN_SECONDS)


async def _connected(bridge: Bridge, settings: TemporalSettings) -> Client | None:
    """A client of the worker's own: the SDK wants one that is connected from the start."""
    try:
        return await connect(settings, bridge.keyring, blobs=bridge.blobs, lazy=False)
    except RuntimeError:
        return None


async def _work(worker: Worker, stop: asyncio.Event) -> None:
    """Run one worker until `stop` is set or it breaks; shutting down leaves what upstream is doing alone."""
    running = asyncio.create_task(worker.run(), name="temporal-worker")
    stopping = asyncio.create_task(stop.wait())
    _log.info("worker_started", task_queue=worker.task_queue)
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            _log.error("worker_broke", error=str(running.exception()))
            await asyncio.sleep(_AGAIN_SECONDS)
            return
        await _shut_down(worker, running)
    finally:
        stopping.cancel()
        running.cancel()
        await asyncio.gather(stopping, running, return_exceptions=True)


async def _shut_down(worker: Worker, running: asyncio.Task[None]) -> None:
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await worker.shutdown()
            await running
    except TimeoutError:
        # With the server away the last reports go nowhere; the attempts end by their heartbeat timeouts.
        _log.warning("worker_cut_off")
