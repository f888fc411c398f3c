"""A worker and a way to the server that outlive the server's absence."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from unittest import mock

import pytest

from bridge import build
from bridge.build import open_bridge
from cli.up.dev_server import command, find_binary
from core.errors import TemporalUnavailableError
from core.settings import TemporalSettings, load, load_all
from tests.fakes.provider import capture
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import admission
from tests.fixtures.temporal import free_port
from workflows.temporal.gateway import Temporal, open_temporal
from workflows.temporal.worker import run_worker


@contextmanager
def server(folder: Path, port: int) -> Iterator[None]:
    """A server with its history in `folder`."""
    with (folder / "server.log").open("ab") as log:
        child = subprocess.Popen(
            command(find_binary(), port=port, ui_port=None, file=folder / "temporal.sqlite"), stdout=log, stderr=log
        )
    try:
        yield
    finally:
        child.kill()
        child.wait(20)


@asynccontextmanager
async def working(folder: Path, port: int, upstream: FakeUpstream) -> AsyncIterator[tuple[build.Bridge, Temporal]]:
    """A bridge whose worker looks for a server at `port`."""
    (folder / "accounts" / "one").mkdir(parents=True)
    (folder / "accounts" / "one" / "chatgpt-request.txt").write_text(capture())
    settings = load_all(
        storage={"data_dir": folder / "data"},
        accounts={"accounts_dir": folder / "accounts"},
        operations={"poll_seconds": 0.1, "reconcile_after_seconds": 0.2},
        temporal={"address": f"127.0.0.1:{port}", "task_queue": "away"},
    )
    stop = asyncio.Event()
    with mock.patch.object(build, "provider", return_value=upstream.provider()):
        async with open_bridge(settings, process="test") as bridge:
            async with open_temporal(bridge.keyring, settings.temporal, settings.operations) as temporal:
                task = asyncio.create_task(run_worker(bridge, settings, stop=stop, temporal=temporal))
                try:
                    yield bridge, temporal
                finally:
                    stop.set()
                    await asyncio.wait_for(task, 20)


async def until(temporal: Temporal, available: bool) -> None:
    """Wait until the probe has seen it."""
    for _ in range(300):
        if temporal.available is available:
            return
        await asyncio.sleep(0.05)
    raise AssertionError(f"never available={available}")


@pytest.mark.slow
async def test_what_was_accepted_while_the_server_was_away_is_done_when_it_is_there(
    tmp_path: Path, upstream: FakeUpstream
) -> None:
    port = free_port()
    async with working(tmp_path, port, upstream) as (bridge, temporal):
        with pytest.raises(TemporalUnavailableError) as refused:
            temporal.require()
        record = (await bridge.operations.admit(admission())).record
        assert not await temporal.start(record)
        assert await temporal.current(record) == (record, True)

        with server(tmp_path, port):
            await until(temporal, True)
            done = await bridge.feed.wait_finished(record.id, 30)
            alive = await temporal.worker_alive()
            temporal.require()

        await until(temporal, False)
    assert refused.value.retry_after_seconds is not None
    assert done is not None
    assert done.state == "completed", done.failure
    assert alive


@pytest.mark.slow
async def test_a_worker_goes_on_after_the_server_was_killed(tmp_path: Path, upstream: FakeUpstream) -> None:
    port = free_port()
    upstream.inline, upstream.pending_polls = False, 10_000
    async with working(tmp_path, port, upstream) as (bridge, temporal):
        with server(tmp_path, port):
            await until(temporal, True)
            record = (await bridge.operations.admit(admission())).record
            assert await temporal.start(record)
            async for event in bridge.feed.follow(record.id):
                if event.data.get("state") == "running":
                    break
        await until(temporal, False)
        upstream.pending_polls = 0

        with server(tmp_path, port):
            done = await bridge.feed.wait_finished(record.id, 40)

    assert done is not None
    assert done.state == "completed", done.failure
    assert len(upstream.submissions) == 1


async def test_a_queue_without_a_worker_is_seen(temporal_settings: TemporalSettings, tmp_path: Path) -> None:
    from bridge.vault import Keyring
    from core.settings import OperationSettings

    async with open_temporal(Keyring(tmp_path), temporal_settings, load(OperationSettings)) as temporal:
        assert await temporal.ready(20)
        assert not await temporal.worker_alive()
