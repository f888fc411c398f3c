"""Attempts that overlap, as when a process was stopped and another one took over."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities import submission
from activities.previews import PreviewKeeper
from activities.turns import TurnActivities
from activities.upstream import Upstream
from bridge.build import Bridge
from core.clock import utc_now
from core.contracts.operations import OperationRecord
from core.contracts.steps import ReserveInput, SubmitInput, Submitted
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import admission


@pytest.fixture
async def operation(bridge: Bridge) -> OperationRecord:
    record = (await bridge.operations.admit(admission())).record
    await bridge.reservations.reserve(ReserveInput(operation_id=record.id))
    return record


@pytest.fixture
def turns(bridge: Bridge) -> TurnActivities:
    upstream, previews = Upstream(bridge.pool, bridge.submissions), PreviewKeeper(bridge.submissions, bridge.previews)
    return TurnActivities(bridge.submissions, upstream, bridge.operations, bridge.results, previews)


def given(operation: OperationRecord, **changes: Any) -> SubmitInput:
    base = SubmitInput(
        operation_id=operation.id,
        deadline=utc_now() + timedelta(seconds=30),
        grace=timedelta(seconds=0.2),
        max_upstream_failures=3,
    )
    return base.model_copy(update=changes)


def submit(turns: TurnActivities, asked: SubmitInput) -> asyncio.Task[Submitted]:
    environment = ActivityEnvironment()
    return asyncio.ensure_future(environment.run(turns.submit_turn, asked))


async def test_an_attempt_that_was_stopped_before_its_post_sends_nothing_after_another_has(
    turns: TurnActivities, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    gate = upstream.before_send
    gate.clear()
    stopped = submit(turns, given(operation))
    await upstream.held()
    upstream.before_send = asyncio.Event()
    upstream.before_send.set()

    done = await submit(turns, given(operation))
    gate.set()

    with pytest.raises(ApplicationError, match="SupersededError"):
        await stopped
    assert done.status == "accepted"
    assert len(upstream.submissions) == 1


async def test_a_claim_that_came_late_is_not_used(
    turns: TurnActivities,
    operation: OperationRecord,
    upstream: FakeUpstream,
    bridge: Bridge,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(submission, "SEND_BOUND", timedelta(0))

    with pytest.raises(ApplicationError, match="SupersededError"):
        await submit(turns, given(operation))

    assert upstream.submissions == []
    assert (await bridge.submissions.read(operation.id)).sent_at is None


async def test_an_open_stream_is_left_when_another_attempt_takes_over(
    turns: TurnActivities, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    upstream.in_stream.clear()
    first = submit(turns, given(operation))
    await _sent(upstream)
    second = await submit(turns, given(operation))

    with pytest.raises(ApplicationError, match="SupersededError"):
        await asyncio.wait_for(first, 5)
    assert second.conversation_id == "conversation-1"
    assert upstream.stops == []


async def test_cancelling_the_activity_leaves_upstream_at_work(
    turns: TurnActivities, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    upstream.in_stream.clear()
    first = submit(turns, given(operation))
    await _sent(upstream)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first

    assert upstream.stops == []
    assert (await submit(turns, given(operation))).conversation_id == "conversation-1"
    assert len(upstream.submissions) == 1


async def test_what_was_sent_before_this_attempt_is_looked_for_whatever_its_number(
    turns: TurnActivities, operation: OperationRecord, upstream: FakeUpstream, bridge: Bridge
) -> None:
    _, book = await bridge.submissions.take_fence(operation.id)
    await bridge.submissions.mark_sent(operation.id, book.fence, utc_now() - timedelta(seconds=60))

    done = await submit(turns, given(operation))

    assert upstream.searches == 1
    assert done.status == "accepted"
    assert len(upstream.submissions) == 1


async def test_the_grace_begins_when_the_time_for_sending_is_over(
    turns: TurnActivities, operation: OperationRecord, upstream: FakeUpstream, bridge: Bridge
) -> None:
    _, book = await bridge.submissions.take_fence(operation.id)
    sent_at = utc_now() - timedelta(seconds=4)
    await bridge.submissions.mark_sent(operation.id, book.fence, sent_at)

    await submit(turns, given(operation, grace=timedelta(seconds=0.5)))

    waited = utc_now() - sent_at
    assert timedelta(seconds=5.5) <= waited < timedelta(seconds=8)
    assert len(upstream.submissions) == 1


async def _sent(upstream: FakeUpstream) -> None:
    for _ in range(500):
        if upstream.submissions:
            await asyncio.sleep(0.1)
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nothing was sent")
