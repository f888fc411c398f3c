"""Edits, questions and background chats against the simulator, by a worker that is a process of its own."""

from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image

from bridge.build import Bridge, open_bridge
from bridge.operations import events
from core.contracts.base import Contract
from core.contracts.images import EditRequest
from core.contracts.inputs import InputRef
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.texts import ResponseMessage, ResponseRequest, VisionRequest
from core.settings import load_all
from provider.simulator import SimulatorConfig
from tests.e2e.stack import Stack, open_stack
from tests.fakes.upstream import png
from tests.fixtures.durable import admission_of
from workflows.temporal.gateway import Temporal, open_temporal

QUICK = {"CHATGPT_HEARTBEAT_SECONDS": "2", "CHATGPT_RECONCILE_GRACE_SECONDS": "0.5"}


@dataclass
class Bench:
    """The processes, and a bridge of the test's own on the same database."""

    stack: Stack
    bridge: Bridge
    temporal: Temporal

    async def picture(self, colour: str) -> InputRef:
        return await self.bridge.inputs.store(png(colour), name=f"{colour}.png")

    async def begin(self, kind: OperationKind, request: Contract) -> OperationRecord:
        record = (await self.bridge.operations.admit(admission_of(kind, request))).record
        assert await self.temporal.start(record)
        return record

    async def finished(self, record: OperationRecord) -> OperationRecord:
        found = await self.bridge.feed.wait_finished(record.id, 40)
        assert found is not None, "it has not ended"
        return found

    async def said(self, record: OperationRecord) -> str:
        """What the log alone tells."""
        text = ""
        for event in await self.bridge.store.read(lambda conn: events.read(conn, record.id)):
            if event.type == "replaced":
                text = event.data["text"]
            elif event.type == "delta":
                assert event.data["offset"] == len(text)
                text += event.data["text"]
        return text

    def confirmed(self) -> list[str]:
        """The uploads that upstream has whole."""
        calls = self.stack.simulator.ledger.requests
        return [call.path for call in calls if call.path.endswith("/uploaded") and call.status == 200]

    def accepted(self) -> int:
        return len(self.stack.simulator.ledger.submissions)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """One account, Temporal, and no worker yet."""
    async with open_stack(tmp_path, SimulatorConfig(accounts=("plus",)), **QUICK) as stack:
        await stack.start_temporal()
        async with opened(stack) as bench:
            yield bench


@asynccontextmanager
async def opened(stack: Stack) -> AsyncIterator[Bench]:
    settings = load_all(
        storage={"data_dir": stack.root / "data"},
        accounts={"accounts_dir": stack.root / "accounts"},
        upstream={"base_url": stack.simulator.url},
        temporal={"address": f"127.0.0.1:{stack.temporal_port}"},
        operations={"poll_seconds": 0.3, "heartbeat_seconds": 2, "grace_seconds": 0.5},
    )
    async with (
        open_bridge(settings, process="test") as bridge,
        open_temporal(bridge.keyring, settings.temporal, settings.operations) as temporal,
    ):
        assert await temporal.ready(20)
        yield Bench(stack, bridge, temporal)


async def test_an_edit_comes_back_as_a_picture_and_not_as_its_input(bench: Bench) -> None:
    await bench.stack.start_worker()
    inputs = (await bench.picture("red"), await bench.picture("blue"))

    done = await bench.finished(
        await bench.begin(OperationKind.EDIT, EditRequest(prompt="[sim:seconds=1,pixels=64] purple", inputs=inputs))
    )

    assert done.state == "completed", done.failure
    content = await asyncio.to_thread((bench.bridge.settings.storage.artifacts_dir / done.artifacts[0].path).read_bytes)
    assert content not in (png("red"), png("blue"))
    with Image.open(io.BytesIO(content)) as picture:
        picture.verify()
    assert bench.accepted() == 1


async def test_a_question_about_a_picture_is_answered(bench: Bench) -> None:
    await bench.stack.start_worker()
    asked = VisionRequest(prompt="What colour is it?", inputs=(await bench.picture("red"),))

    done = await bench.finished(await bench.begin(OperationKind.VISION, asked))

    assert done.state == "completed", done.failure
    assert done.text
    assert await bench.said(done) == done.text


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_a_worker_killed_in_the_middle_of_an_answer_loses_and_doubles_nothing(bench: Bench) -> None:
    first = await bench.stack.start_worker()
    message = ResponseMessage(role="user", text="[sim:deltas=40,pace=100] Tell me about herons.")
    record = await bench.begin(OperationKind.RESPONSE, ResponseRequest(messages=(message,)))
    half = await _some_words(bench, record)
    await first.kill()

    await bench.stack.start_worker("second")
    done = await bench.finished(record)

    assert done.state == "completed", done.failure
    assert done.text is not None
    assert done.text.startswith(half)
    assert len(done.text) > len(half)
    assert await bench.said(done) == done.text
    assert bench.accepted() == 1


@pytest.mark.slow
@pytest.mark.timeout(90)
async def test_a_worker_killed_between_uploads_stores_no_picture_twice(bench: Bench) -> None:
    first = await bench.stack.start_worker()
    bench.stack.simulator.add_rule(path="/backend-api/files", method="POST", hold="before", skip=1)
    inputs = tuple([await bench.picture(colour) for colour in ("red", "blue")])
    record = await bench.begin(OperationKind.EDIT, EditRequest(prompt="[sim:seconds=1,pixels=64] x", inputs=inputs))
    await bench.stack.simulator.held(1, timeout=20)
    await _one_is_kept(bench, record)
    await first.kill()
    bench.stack.simulator.release()

    await bench.stack.start_worker("second")
    done = await bench.finished(record)

    assert done.state == "completed", done.failure
    assert len(bench.confirmed()) == 2
    assert bench.accepted() == 1


async def _one_is_kept(bench: Bench, record: OperationRecord) -> None:
    for _ in range(500):
        if len(await bench.bridge.submissions.uploads(record.id, "plus")) == 1:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("nothing was uploaded")


async def _some_words(bench: Bench, record: OperationRecord) -> str:
    for _ in range(1000):
        words = await bench.bridge.results.read(record.id)
        if words.text:
            return words.text
        await asyncio.sleep(0.02)
    raise AssertionError("upstream says nothing")
