"""Records histories for the replay tests: `python -m tests.replay.record ImageWorkflow/happy`, or a whole workflow.

A history is recorded once, when its scenario is new. A red replay is fixed in the workflow's code, never by recording
again.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from cli.up.dev_server import command, find_binary
from core.clock import utc_now
from core.contracts.images import EditRequest
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.research import ResearchRequest
from core.contracts.texts import ResponseMessage, ResponseRequest, VisionRequest
from core.errors import (
    ContentBlockedError,
    FeatureLimitError,
    OutcomeUnknownError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamError,
)
from core.settings import CareSettings, RetentionSettings, TemporalSettings, load
from tests.fakes.provider import capture
from tests.fakes.research import RUNNING, ResearchWorld
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import Workbench, open_workbench
from tests.fixtures.temporal import free_port, listens
from tests.replay.keys import RecordedKeys
from workflows.temporal import schedules
from workflows.temporal.client import connect

FOLDER = Path(__file__).parent / "histories"

PIECES = ("The heron ", "stands in ", "the reeds.")

Scenario = Callable[[Workbench], Awaitable[str]]
Begin = Callable[[Workbench], Awaitable[OperationRecord]]


async def image(bench: Workbench) -> OperationRecord:
    """A picture."""
    return await bench.begin()


async def edit(bench: Workbench) -> OperationRecord:
    """A picture made of five others."""
    inputs = [await bench.picture(colour) for colour in ("red", "green", "blue", "orange", "purple")]
    return await bench.begin_kind(OperationKind.EDIT, EditRequest(prompt="a purple sky", inputs=tuple(inputs)))


async def vision(bench: Workbench) -> OperationRecord:
    """A question about a picture."""
    asked = VisionRequest(prompt="What is it?", inputs=(await bench.picture("red"),))
    return await bench.begin_kind(OperationKind.VISION, asked)


async def response(bench: Workbench) -> OperationRecord:
    """A chat in the background."""
    message = ResponseMessage(role="user", text="Describe the heron.")
    return await bench.begin_kind(OperationKind.RESPONSE, ResponseRequest(messages=(message,)))


async def research(bench: Workbench) -> OperationRecord:
    """A research whose plan waits for a person."""
    return await bench.begin_kind(OperationKind.RESEARCH, ResearchRequest(prompt="Herons", plan="ask"))


async def ended(bench: Workbench, record: OperationRecord, state: str) -> str:
    """The operation's id once it has ended as it should."""
    done = await bench.finished(record)
    assert done.state == state, done.failure
    return record.id


def happy(begin: Begin) -> Scenario:
    """Upstream takes its time, so that it has to be looked at."""

    async def run(bench: Workbench) -> str:
        world = bench.upstream
        world.inline, world.pending_polls = False, 2
        world.said_first, world.pending_answers, world.streaming = 1, 2, [StreamInterruptedError("cut")]
        return await ended(bench, await begin(bench), "completed")

    return run


def streamed(begin: Begin) -> Scenario:
    """Everything comes within the stream."""

    async def run(bench: Workbench) -> str:
        return await ended(bench, await begin(bench), "completed")

    return run


def retried(begin: Begin) -> Scenario:
    """Trouble at every step, and everything within the stream in the end."""

    async def run(bench: Workbench) -> str:
        world = bench.upstream
        world.uploading = [None, UpstreamError("503")]
        world.before = [UpstreamError("503")]
        world.entering = [OutcomeUnknownError("reset")]
        world.polling = [UpstreamError("502")]
        world.answering = [UpstreamError("502")]
        world.downloading = [UpstreamError("502")]
        return await ended(bench, await begin(bench), "completed")

    return run


def cancelled(begin: Begin) -> Scenario:
    """A cancel while upstream streams, of an operation that had to wait in line."""

    async def run(bench: Workbench) -> str:
        bench.upstream.in_stream.clear()
        first = await begin(bench)
        await bench.reaches(first, "running")
        record = await begin(bench)
        await bench.reaches(record, "waiting_for_account")
        bench.upstream.in_stream.set()
        await bench.finished(first)
        bench.upstream.in_stream.clear()
        await bench.reaches(record, "submitting")
        await asyncio.sleep(0.3)
        await bench.cancel(record)
        return await ended(bench, record, "cancelled")

    return run


def failed(begin: Begin) -> Scenario:
    """A refusal of the content."""

    async def run(bench: Workbench) -> str:
        bench.upstream.entering = [ContentBlockedError("policy")]
        return await ended(bench, await begin(bench), "failed")

    return run


def elsewhere(begin: Begin) -> Scenario:
    """An account that refuses one of several uploads, and the next one, which does everything."""

    async def run(bench: Workbench) -> str:
        bench.upstream.uploading = [None, FeatureLimitError("file_upload")]
        return await ended(bench, await begin(bench), "completed")

    return run


def cancelled_early(begin: Begin) -> Scenario:
    """A cancel while inputs are uploaded."""

    async def run(bench: Workbench) -> str:
        bench.upstream.at_upload.clear()
        record = await begin(bench)
        await bench.reaches(record, "uploading")
        await bench.upstream.held()
        await bench.cancel(record)
        operation_id = await ended(bench, record, "cancelled")
        bench.upstream.at_upload.set()
        return operation_id

    return run


async def retention(bench: Workbench) -> str:
    """A round of retention that finds nothing."""
    await bench.temporal.keep_retention(load(RetentionSettings))
    return await _scheduled(bench, schedules.retention_id("recorded"))


def care(canary: bool) -> Scenario:
    """A look at two accounts, one of which is near its end."""

    async def run(bench: Workbench) -> str:
        soon = utc_now() + timedelta(days=1)
        bench.bridge.vault.write("one", capture("plus", expires=soon.isoformat()))
        bench.upstream.probing["two"] = RateLimitedError("later")
        await bench.temporal.keep_care(load(CareSettings, interval_seconds=8, canary=canary))
        return await _scheduled(bench, schedules.care_id("recorded"))

    return run


async def _scheduled(bench: Workbench, schedule_id: str) -> str:
    """The id of what a schedule starts."""
    handle = bench.temporal._client.get_schedule_handle(schedule_id)
    await handle.trigger()
    for _ in range(100):
        await asyncio.sleep(0.1)
        for started in (await handle.describe()).info.recent_actions:
            workflow_id = started.action.workflow_id  # type: ignore[union-attr]
            await bench.temporal._client.get_workflow_handle(workflow_id).result()
            # What it has started would be found by the next scenario.
            await handle.delete()
            return workflow_id
    raise AssertionError("the schedule never started it")


def planned(begin: Begin) -> Scenario:
    """A plan that a person has changed, and then approves."""

    async def run(bench: Workbench) -> str:
        _researching(bench).asks_for_plan()
        record = await begin(bench)
        await bench.reaches(record, "waiting_for_plan")
        await bench.temporal.decide_plan(record.id, "edit", "only grey ones", update_id="first")
        await asyncio.sleep(0.3)
        await bench.temporal.decide_plan(record.id, "approve", "", update_id="second")
        return await ended(bench, record, "completed")

    return run


def by_itself(begin: Begin) -> Scenario:
    """A plan that nobody has to approve."""

    async def run(bench: Workbench) -> str:
        _researching(bench).asks_for_plan()
        record = await bench.begin_kind(OperationKind.RESEARCH, ResearchRequest(prompt="Herons"))
        return await ended(bench, record, "completed")

    return run


def rejected(begin: Begin) -> Scenario:
    """A plan that a person gives up."""

    async def run(bench: Workbench) -> str:
        _researching(bench).asks_for_plan()
        record = await begin(bench)
        await bench.reaches(record, "waiting_for_plan")
        await bench.temporal.decide_plan(record.id, "reject", "", update_id="first")
        return await ended(bench, record, "cancelled")

    return run


def cancelled_running(begin: Begin) -> Scenario:
    """A cancel while upstream researches."""

    async def run(bench: Workbench) -> str:
        _researching(bench).begins = [RUNNING]
        record = await begin(bench)
        await bench.reaches(record, "running")
        await bench.cancel(record)
        return await ended(bench, record, "cancelled")

    return run


def _researching(bench: Workbench) -> ResearchWorld:
    assert isinstance(bench.upstream, ResearchWorld)
    return bench.upstream


_ALWAYS = (happy, retried, cancelled, failed)

SCENARIOS: dict[str, dict[str, Scenario]] = {
    workflow: {scenario.__name__: scenario(begin) for scenario in scenarios}
    for workflow, begin, scenarios in (
        ("ImageWorkflow", image, _ALWAYS),
        ("EditWorkflow", edit, (*_ALWAYS, elsewhere, cancelled_early)),
        ("VisionWorkflow", vision, (*_ALWAYS, streamed)),
        ("ResponseWorkflow", response, (*_ALWAYS, streamed)),
        ("ResearchWorkflow", research, (happy, failed, planned, by_itself, rejected, cancelled_running)),
    )
}
SCENARIOS["RetentionWorkflow"] = {"happy": retention}
SCENARIOS["AccountCareWorkflow"] = {"happy": care(canary=True), "quiet": care(canary=False)}
"""What is recorded, by workflow and by name."""


async def record(wanted: list[tuple[str, str]], folder: Path, port: int) -> None:
    """Run the scenarios, each on a fresh bridge, and write their histories."""
    for workflow, name in wanted:
        settings = load(TemporalSettings, address=f"127.0.0.1:{port}", task_queue="recorded")
        keys = RecordedKeys()
        upstream = ResearchWorld() if workflow == "ResearchWorkflow" else FakeUpstream(pieces=list(PIECES))
        accounts = ("one", "two") if name == "elsewhere" or workflow == "AccountCareWorkflow" else ("one",)
        async with (
            open_workbench(
                folder / workflow / name,
                settings,
                upstream,
                accounts=accounts,
                keys=keys,
                accounts_area={"image_concurrency": "plus=1", "chat_concurrency": "plus=1"},
                operations={"plan_delay_seconds": 0.3},
            ) as bench,
            bench.worker(),
        ):
            operation_id = await SCENARIOS[workflow][name](bench)
            await asyncio.sleep(0.5)
            client = await connect(settings, keys)
            history = await client.get_workflow_handle(operation_id).fetch_history()
        file = FOLDER / workflow / f"{name}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(history.to_json() + "\n")


def main() -> None:
    """Start a server, record, stop it."""
    asked = sys.argv[1:]
    wanted = [
        (workflow, name)
        for workflow, scenarios in SCENARIOS.items()
        for name in scenarios
        if not asked or workflow in asked or f"{workflow}/{name}" in asked
    ]
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = subprocess.Popen(
            command(find_binary(), port=port, ui_port=None, file=Path(folder) / "temporal.sqlite")
        )
        try:
            while not listens(port):
                time.sleep(0.05)
            asyncio.run(record(wanted, Path(folder), port))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
