"""Words are kept once: the log's pieces add up to the result, whoever brings them and however often."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bridge.operations import events
from bridge.operations import results as words
from bridge.operations.records import Operations
from bridge.operations.results import Results
from bridge.operations.submissions import Submissions
from bridge.store.engine import Store
from core.contracts.operations import OperationEvent, OperationKind, OperationState
from core.contracts.texts import ResponseMessage, ResponseRequest
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission_of

CHAT = ResponseRequest(messages=(ResponseMessage(role="user", text="Hello"),))


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, OneAccount())  # type: ignore[arg-type]


@pytest.fixture
def results(store: Store) -> Results:
    return Results(store)


@pytest.fixture
async def operation(operations: Operations) -> str:
    return await admitted(operations)


async def admitted(operations: Operations) -> str:
    return (await operations.admit(admission_of(OperationKind.RESPONSE, CHAT))).record.id


async def finish(store: Store, operation: str, text: str) -> None:
    await store.write(lambda conn: words.finish(conn, operation, None, text))


async def log(store: Store, operation: str) -> list[OperationEvent]:
    found = await store.read(lambda conn: events.read(conn, operation))
    return [event for event in found if event.type in ("delta", "replaced")]


def joined(log: Sequence[OperationEvent]) -> str:
    text = ""
    for event in log:
        if event.type == "replaced":
            text = event.data["text"]
        else:
            assert event.data["offset"] == len(text)
            text += event.data["text"]
    return text


async def test_each_piece_is_logged_once_with_its_offset(results: Results, operation: str, store: Store) -> None:
    for text in ("Grüße", "Grüße", "Grüße 🪶", "Grüße 🪶 an alle"):
        await results.extend(operation, None, text)

    assert [event.data for event in await log(store, operation)] == [
        {"offset": 0, "text": "Grüße"},
        {"offset": 5, "text": " 🪶"},
        {"offset": 7, "text": " an alle"},
    ]


async def test_an_attempt_that_begins_again_says_nothing_until_it_has_come_as_far(
    results: Results, operation: str, store: Store
) -> None:
    await results.extend(operation, None, "one two")
    for text in ("one", "one two", "one two three"):
        await results.extend(operation, None, text)

    assert [event.data["text"] for event in await log(store, operation)] == ["one two", " three"]


async def test_an_attempt_whose_place_was_taken_writes_nothing(results: Results, operation: str, store: Store) -> None:
    submissions = Submissions(store)
    _, old = await submissions.take_fence(operation)
    _, new = await submissions.take_fence(operation)

    await results.extend(operation, old.fence, "old")
    await results.extend(operation, new.fence, "new")

    assert (await results.read(operation)).text == "new"
    assert [event.data["text"] for event in await log(store, operation)] == ["new"]


async def test_text_state_and_last_event_are_one_transaction(
    operations: Operations, results: Results, operation: str, store: Store
) -> None:
    await results.extend(operation, None, "one ")

    closed = await operations.close(operation, OperationState.COMPLETED, text="one two")
    record = await operations.find(operation)

    assert record is not None
    assert (record.state, record.text, record.last_event) == ("completed", "one two", closed.last_event)
    assert joined(await log(store, operation)) == "one two"


async def test_the_first_end_counts(operations: Operations, results: Results, operation: str, store: Store) -> None:
    await operations.close(operation, OperationState.CANCELLED)
    await operations.close(operation, OperationState.COMPLETED, text="too late")
    await results.extend(operation, None, "later still")

    record = await operations.find(operation)
    assert record is not None
    assert (record.state, record.text) == ("cancelled", None)
    assert await log(store, operation) == []


async def test_a_finished_text_is_not_changed_any_more(results: Results, operation: str, store: Store) -> None:
    await finish(store, operation, "done")
    await finish(store, operation, "done again")
    await results.extend(operation, None, "done and more")

    kept = await results.read(operation)
    assert (kept.text, kept.complete) == ("done", True)
    assert joined(await log(store, operation)) == "done"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(brought=st.lists(st.text(alphabet="ab", max_size=6), max_size=6), whole=st.text(alphabet="ab", max_size=8))
async def test_whatever_comes_the_log_alone_tells_the_result(
    operations: Operations, results: Results, store: Store, brought: list[str], whole: str
) -> None:
    operation = await admitted(operations)
    for text in brought:
        await results.extend(operation, None, text)

    await finish(store, operation, whole)

    kept = await results.read(operation)
    assert (kept.text, kept.complete) == (whole, True)
    assert joined(await log(store, operation)) == whole
