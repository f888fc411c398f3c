"""The turn that starts a research: what it names is kept, and stopped where a cancel was faster."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from activities.previews import PreviewKeeper
from activities.turns import TurnActivities
from activities.upstream import Upstream
from bridge.build import Bridge
from core.clock import utc_now
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.research import ResearchRequest
from core.contracts.steps import ReserveInput, SubmitInput, Submitted
from provider.interface.turns import ConversationKnown, ResearchStarted, TurnEvent, TurnFinished
from tests.fakes import research
from tests.fakes.research import HANDLE, ResearchWorld
from tests.fixtures.durable import admission_of


@pytest.fixture
def upstream() -> ResearchWorld:
    """An upstream that researches."""
    return ResearchWorld()


@pytest.fixture
async def operation(bridge: Bridge) -> OperationRecord:
    asked = admission_of(OperationKind.RESEARCH, ResearchRequest(prompt="Survey herons."))
    record = (await bridge.operations.admit(asked)).record
    await bridge.reservations.reserve(ReserveInput(operation_id=record.id))
    return record


async def submit(bridge: Bridge, operation: OperationRecord) -> Submitted:
    upstream = Upstream(bridge.pool, bridge.submissions)
    previews = PreviewKeeper(bridge.submissions, bridge.previews)
    turns = TurnActivities(bridge.submissions, upstream, bridge.operations, bridge.results, previews)
    given = SubmitInput(
        operation_id=operation.id,
        deadline=utc_now() + timedelta(seconds=30),
        grace=timedelta(seconds=0.2),
        max_upstream_failures=3,
    )
    return await ActivityEnvironment().run(turns.submit_turn, given)


async def test_a_research_is_followed_by_what_its_stream_named(bridge: Bridge, operation: OperationRecord) -> None:
    done = await submit(bridge, operation)

    record, book = await bridge.submissions.open(operation.id)
    assert (done.status, done.closed) == ("accepted", None)
    assert book.research == HANDLE
    assert (record.state, record.text) == ("submitting", None)


async def test_a_research_that_is_named_after_a_cancel_is_stopped_with_its_conversation(
    bridge: Bridge, operation: OperationRecord, upstream: ResearchWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled_at_once(turn: object) -> AsyncIterator[TurnEvent]:
        await bridge.submissions.request_cancel(operation.id)
        yield ConversationKnown(HANDLE.conversation_id)
        yield ResearchStarted(HANDLE)
        yield TurnFinished(text="I am on it.", finish_reason="stop")

    monkeypatch.setattr(research._ResearchTurn, "__aiter__", cancelled_at_once)

    done = await submit(bridge, operation)

    assert done.status == "cancelled"
    assert upstream.research_stops == [HANDLE]
    assert set(upstream.stops) == {HANDLE.conversation_id}
    record, book = await bridge.submissions.open(operation.id)
    assert book.stopped_at is not None
    assert set(record.last_cancel_result or {}) == {"conversation", "deep_research"}
