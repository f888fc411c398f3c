"""Answers at the level of activities: attempts that overlap, and looks that come late."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.previews import PreviewKeeper
from activities.responses import ResponseActivities
from activities.turns import TurnActivities
from activities.upstream import Upstream
from bridge.build import Bridge
from bridge.operations import events
from core.clock import utc_now
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.contracts.steps import Answered, PollInput, ReserveInput, SubmitInput, Submitted
from core.contracts.texts import ResponseMessage, ResponseRequest
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import admission_of


@pytest.fixture
async def operation(bridge: Bridge, upstream: FakeUpstream) -> OperationRecord:
    upstream.pieces, upstream.said_first = ["one ", "two ", "three"], 2
    message = ResponseMessage(role="user", text="Count.")
    record = (
        await bridge.operations.admit(admission_of(OperationKind.RESPONSE, ResponseRequest(messages=(message,))))
    ).record
    await bridge.reservations.reserve(ReserveInput(operation_id=record.id))
    return record


def submit(bridge: Bridge, operation: OperationRecord) -> asyncio.Task[Submitted]:
    upstream = Upstream(bridge.pool, bridge.submissions)
    previews = PreviewKeeper(bridge.submissions, bridge.previews)
    turns = TurnActivities(bridge.submissions, upstream, bridge.operations, bridge.results, previews)
    given = SubmitInput(
        operation_id=operation.id,
        deadline=utc_now() + timedelta(seconds=30),
        grace=timedelta(seconds=0.2),
        max_upstream_failures=3,
    )
    return asyncio.ensure_future(ActivityEnvironment().run(turns.submit_turn, given))


async def look(bridge: Bridge, operation: OperationRecord) -> Answered:
    upstream = Upstream(bridge.pool, bridge.submissions)
    responses = ResponseActivities(bridge.operations, bridge.submissions, bridge.results, upstream)
    given = PollInput(operation_id=operation.id, max_upstream_failures=3)
    return await ActivityEnvironment().run(responses.poll_answer, given)


async def said(bridge: Bridge, operation: OperationRecord) -> list[str]:
    log = await bridge.store.read(lambda conn: events.read(conn, operation.id))
    return [event.data["text"] for event in log if event.type == "delta"]


async def until_said(bridge: Bridge, operation: OperationRecord, text: str) -> None:
    for _ in range(500):
        if (await bridge.results.read(operation.id)).text == text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("never said")


async def test_a_process_that_froze_in_its_stream_says_nothing_after_another_took_over(
    bridge: Bridge, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    upstream.in_stream.clear()
    frozen = submit(bridge, operation)
    await until_said(bridge, operation, "one two ")
    second = await submit(bridge, operation)
    taken = await look(bridge, operation)
    upstream.in_stream.set()
    with pytest.raises(ApplicationError, match="SupersededError"):
        await frozen

    assert (second.status, second.closed) == ("accepted", None)
    assert taken.closed is not None
    assert await said(bridge, operation) == ["one two ", "three"]


async def test_an_attempt_after_the_end_reports_that_end(bridge: Bridge, operation: OperationRecord) -> None:
    first = await submit(bridge, operation)
    again = await submit(bridge, operation)
    looked = await look(bridge, operation)

    assert first.status == "answered"
    assert first.closed is not None
    assert first.closed.state is OperationState.COMPLETED
    assert again.closed == looked.closed == first.closed
    record = await bridge.operations.find(operation.id)
    assert record is not None
    assert (record.attempts, record.text) == (1, "one two three")


async def test_a_cancel_that_came_before_the_end_keeps_the_answer_from_being_the_result(
    bridge: Bridge, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    upstream.in_stream.clear()
    running = submit(bridge, operation)
    await until_said(bridge, operation, "one two ")
    await bridge.submissions.request_cancel(operation.id)
    upstream.in_stream.set()

    done = await running

    assert (done.status, done.closed) == ("cancelled", None)
    assert upstream.stops == ["conversation-1"]
