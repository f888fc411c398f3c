"""Nothing is sent twice: the fence, the mark and the proof."""

from __future__ import annotations

from functools import partial

import pytest

from bridge.operations import events, states
from bridge.operations.records import Operations
from bridge.operations.submissions import Submissions
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationKind, OperationState
from core.contracts.research import ResearchRequest
from provider.interface.research import ResearchHandle
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission, admission_of


@pytest.fixture
def submissions(store: Store) -> Submissions:
    return Submissions(store)


@pytest.fixture
async def operation(store: Store) -> str:
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    return (await operations.admit(admission())).record.id


async def test_only_the_newest_attempt_may_send_and_only_once(submissions: Submissions, operation: str) -> None:
    _, first = await submissions.take_fence(operation)
    _, second = await submissions.take_fence(operation)

    assert not await submissions.mark_sent(operation, first.fence, utc_now())
    assert await submissions.mark_sent(operation, second.fence, utc_now())
    assert not await submissions.mark_sent(operation, second.fence, utc_now())


async def test_a_proof_of_absence_lets_it_be_sent_again(submissions: Submissions, operation: str) -> None:
    _, book = await submissions.take_fence(operation)
    await submissions.mark_sent(operation, book.fence, utc_now())

    assert not await submissions.clear_sent(operation, book.fence - 1)
    assert await submissions.clear_sent(operation, book.fence)
    assert await submissions.mark_sent(operation, book.fence, utc_now())


async def test_nothing_is_sent_after_a_cancel(submissions: Submissions, operation: str) -> None:
    _, book = await submissions.take_fence(operation)
    marked = await submissions.request_cancel(operation)
    again = await submissions.request_cancel(operation)

    assert not await submissions.mark_sent(operation, book.fence, utc_now())
    assert again.cancel_requested_at == marked.cancel_requested_at


async def test_an_old_attempt_writes_no_id_and_no_event(submissions: Submissions, operation: str, store: Store) -> None:
    _, old = await submissions.take_fence(operation)
    _, new = await submissions.take_fence(operation)

    assert await submissions.learn(operation, old.fence, conversation_id="wrong") is None
    known = await submissions.learn(operation, new.fence, conversation_id="right")
    refused = await store.write(lambda conn: events.append(conn, operation, "k", "progress", {}, fence=old.fence))

    assert known is not None
    assert known.conversation_id == "right"
    assert refused is None


async def test_nothing_is_sent_or_said_after_the_end(submissions: Submissions, operation: str, store: Store) -> None:
    _, book = await submissions.take_fence(operation)
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    closed = await operations.close(operation, OperationState.CANCELLED)
    again = await operations.close(operation, OperationState.COMPLETED)

    assert not await submissions.mark_sent(operation, book.fence, utc_now())
    assert await store.write(lambda conn: events.append(conn, operation, "k", "progress", {})) is None
    assert (closed.state, again.state, again.last_event) == ("cancelled", "cancelled", closed.last_event)


async def test_a_late_attempt_cannot_move_an_operation_back(operation: str, store: Store) -> None:
    for state in (OperationState.SUBMITTING, OperationState.SAVING, OperationState.RUNNING, OperationState.SAVING):
        await store.write(partial(states.advance, operation_id=operation, state=state))

    log = await store.read(lambda conn: events.read(conn, operation))
    assert [event.data["state"] for event in log] == ["accepted", "submitting", "saving"]


async def test_events_are_numbered_without_gaps_and_a_known_key_is_one_event(operation: str, store: Store) -> None:
    numbers = [
        await store.write(partial(events.append, operation_id=operation, key=key, kind="progress", data={"key": key}))
        for key in ("a", "b", "a", "c")
    ]

    assert numbers == [2, 3, None, 4]
    log = await store.read(lambda conn: events.read(conn, operation, after=2))
    assert [event.data["key"] for event in log] == ["b", "c"]


async def test_a_research_is_known_by_its_ids_and_does_not_run_before_its_plan(store: Store) -> None:
    operations, submissions = Operations(store, OneAccount()), Submissions(store)  # type: ignore[arg-type]
    asked = admission_of(OperationKind.RESEARCH, ResearchRequest(prompt="herons"))
    operation = (await operations.admit(asked)).record.id
    _, book = await submissions.take_fence(operation)

    await submissions.learn(operation, book.fence, conversation_id="c-1")
    first = await submissions.learn(operation, book.fence, research=ResearchHandle("c-1", "tool-1", session_id="s-1"))
    second = await submissions.learn(
        operation, book.fence, research=ResearchHandle("c-1", "tool-1", widget_session_id="w-1")
    )
    stale = await submissions.learn(operation, book.fence - 1, research=ResearchHandle("c-2", "tool-2"))

    record = await operations.find(operation)
    assert record is not None
    assert record.state == "submitting"
    assert first is not None
    assert first.research == ResearchHandle("c-1", "tool-1", session_id="s-1")
    assert second is not None
    assert second.research == ResearchHandle("c-1", "tool-1", widget_session_id="w-1", session_id="s-1")
    assert stale is None
    assert record.research is not None
    assert (record.research.widget_session_id, record.research.session_id) == ("w-1", "s-1")


async def test_an_account_that_refused_an_upload_may_be_followed_by_others(store: Store, operation: str) -> None:
    for state in ("uploading", "waiting_for_account", "uploading", "waiting_for_account", "uploading", "submitting"):
        await store.write(partial(states.advance, operation_id=operation, state=OperationState(state)))

    told = await store.read(lambda conn: events.read(conn, operation))
    assert [event.data["state"] for event in told] == [
        *("accepted", "uploading", "waiting_for_account", "uploading", "waiting_for_account", "uploading", "submitting")
    ]
