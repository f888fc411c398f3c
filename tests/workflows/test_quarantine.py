"""An account in quarantine: what runs on it asks upstream nothing more, and goes on once its capture is refreshed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.contracts.base import Contract
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.research import ResearchRequest
from core.contracts.texts import ResponseMessage, ResponseRequest
from core.errors import BrowserCheckRequiredError
from provider.simulator import SimulatorConfig
from provider.simulator.ledger import Call
from tests.e2e.stack import open_stack
from tests.fakes.waiting import until
from tests.workflows.test_simulated import QUICK, Bench, opened

GRACE_SECONDS = 0.6
"""A process sees a quarter of a second later what another one has learnt, and looks every quarter of a second."""

IMAGE = ImageRequest(prompt="[sim:image=async,seconds=4] a heron")
RESPONSE = ResponseRequest(
    messages=(ResponseMessage(role="user", text="[sim:deltas=120,pace=100,cut=6] Tell me about herons."),)
)
RESEARCH = ResearchRequest(prompt="[sim:research=fast,seconds=4] What do herons eat?")
KINDS = [(OperationKind.IMAGE, IMAGE), (OperationKind.RESPONSE, RESPONSE), (OperationKind.RESEARCH, RESEARCH)]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    """One account, and a worker that is a process of its own."""
    environment = {**QUICK, "CHATGPT_IMAGE_POLL_MAX_SECONDS": "0.3", "CHATGPT_RESEARCH_POLL_SECONDS": "1"}
    async with open_stack(tmp_path, SimulatorConfig(accounts=("plus",)), **environment) as stack:
        await stack.start_temporal()
        await stack.start_worker()
        async with opened(stack) as bench:
            yield bench


async def challenged(bench: Bench) -> float:
    """What another request on the same account meets; returns when nothing more may be asked."""
    await bench.bridge.registry.snapshot()
    await bench.bridge.outcomes.report("plus", BrowserCheckRequiredError("a person, please", reason="challenge_page"))
    await asyncio.sleep(GRACE_SECONDS)
    return asyncio.get_running_loop().time()


def calls(bench: Bench) -> list[Call]:
    return list(bench.stack.simulator.ledger.requests)


async def under_way(bench: Bench, record: OperationRecord) -> None:
    """Upstream was looked at more often than the end of a stream does, or is being followed."""

    async def followed() -> bool:
        seen = [call.route for call in calls(bench)]
        return seen.count("/backend-api/conversation/{id}") > 4 or any(route.startswith("/p0/ws") for route in seen)

    await until(followed, seconds=20)


async def refreshed(bench: Bench) -> None:
    capture = bench.stack.simulator.capture("plus")
    await bench.bridge.captures.update("plus", capture, actor="test", verify=False)


@pytest.mark.parametrize(("kind", "request_"), KINDS, ids=[kind for kind, _ in KINDS])
async def test_it_waits_for_a_fresh_capture_and_goes_on_by_itself(
    bench: Bench, kind: OperationKind, request_: Contract
) -> None:
    record = await bench.begin(kind, request_)
    await under_way(bench, record)

    began = await challenged(bench)
    before = len(calls(bench))
    await asyncio.sleep(2.5)
    waiting = await bench.bridge.operations.get(record.id, record.owner)
    late = [call.path for call in calls(bench)[before:]]
    still_open = [call.path for call in calls(bench) if call.seconds is None]
    await refreshed(bench)
    done = await bench.finished(record)

    assert (late, still_open) == ([], []), began
    assert not waiting.state.terminal
    assert [(skip.account, skip.reason) for skip in waiting.skipped] == [("plus", "challenge")]
    assert waiting.progress is not None
    assert waiting.progress.phase == "waiting_for_capture"
    assert "account update plus" in waiting.progress.message
    assert done.state == "completed", done.failure
    assert done.skipped == ()
    assert bench.accepted() == 1


@pytest.mark.parametrize(("kind", "request_"), KINDS, ids=[kind for kind, _ in KINDS])
async def test_work_that_meets_it_first_waits_as_well(bench: Bench, kind: OperationKind, request_: Contract) -> None:
    record = await bench.begin(kind, request_)
    await under_way(bench, record)
    bench.stack.simulator.set_account("plus", expired=True)

    async def waits() -> bool:
        found = await bench.bridge.operations.get(record.id, record.owner)
        assert not found.state.terminal, found.failure
        await asyncio.sleep(0.05)
        return [(skip.account, skip.reason) for skip in found.skipped] == [("plus", "auth_expired")]

    await until(waits, seconds=20)
    bench.stack.simulator.set_account("plus", expired=False)
    await refreshed(bench)
    done = await bench.finished(record)

    assert done.state == "completed", done.failure
    assert bench.accepted() == 1
