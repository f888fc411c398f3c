"""Records histories for the replay tests: `python -m tests.replay.record happy`, or no name for all of them.

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
from pathlib import Path

from cli.up.dev_server import command, find_binary
from core.errors import ContentBlockedError, OutcomeUnknownError, UpstreamError
from core.settings import TemporalSettings, load
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import Workbench, open_workbench
from tests.fixtures.temporal import free_port, listens
from tests.replay.keys import RecordedKeys
from workflows.temporal.client import connect

FOLDER = Path(__file__).parent / "histories" / "ImageWorkflow"


async def happy(bench: Workbench) -> str:
    """A picture that upstream takes its time for."""
    bench.upstream.inline, bench.upstream.pending_polls = False, 2
    record = await bench.begin()
    assert (await bench.finished(record)).state == "completed"
    return record.id


async def retried(bench: Workbench) -> str:
    """Trouble at every step, and a picture within the stream in the end."""
    bench.upstream.before = [UpstreamError("503")]
    bench.upstream.entering = [OutcomeUnknownError("reset")]
    bench.upstream.polling = [UpstreamError("502")]
    bench.upstream.downloading = [UpstreamError("502")]
    record = await bench.begin()
    assert (await bench.finished(record)).state == "completed"
    return record.id


async def cancelled(bench: Workbench) -> str:
    """A cancel while upstream streams, of an operation that had to wait in line."""
    bench.upstream.in_stream.clear()
    first = await bench.begin("first")
    await bench.reaches(first, "running")
    record = await bench.begin("second")
    await bench.reaches(record, "waiting_for_account")
    bench.upstream.in_stream.set()
    await bench.finished(first)
    bench.upstream.in_stream.clear()
    await bench.reaches(record, "submitting")
    await asyncio.sleep(0.3)
    await bench.cancel(record)
    assert (await bench.finished(record)).state == "cancelled"
    return record.id


async def failed(bench: Workbench) -> str:
    """A refusal of the content."""
    bench.upstream.entering = [ContentBlockedError("policy")]
    record = await bench.begin()
    assert (await bench.finished(record)).state == "failed"
    return record.id


SCENARIOS: dict[str, Callable[[Workbench], Awaitable[str]]] = {
    scenario.__name__: scenario for scenario in (happy, retried, cancelled, failed)
}


async def record(names: list[str], folder: Path, port: int) -> None:
    """Run the scenarios, each on a fresh bridge, and write their histories."""
    for name in names:
        settings = load(TemporalSettings, address=f"127.0.0.1:{port}", task_queue="recorded")
        keys = RecordedKeys()
        async with (
            open_workbench(folder / name, settings, FakeUpstream(), accounts=("one",), keys=keys) as bench,
            bench.worker(),
        ):
            operation_id = await SCENARIOS[name](bench)
            await asyncio.sleep(0.5)
            client = await connect(settings, keys)
            history = await client.get_workflow_handle(operation_id).fetch_history()
        (FOLDER / f"{name}.json").write_text(history.to_json() + "\n")


def main() -> None:
    """Start a server, record, stop it."""
    names = sys.argv[1:] or list(SCENARIOS)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        server = subprocess.Popen(
            command(find_binary(), port=port, ui_port=None, file=Path(folder) / "temporal.sqlite")
        )
        try:
            while not listens(port):
                time.sleep(0.05)
            asyncio.run(record(names, Path(folder), port))
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
