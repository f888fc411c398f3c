"""Answers in words on a real server: written down once while they come, whatever happens to their stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.contracts.operations import OperationEvent, OperationKind, OperationRecord
from core.contracts.texts import ResponseMessage, ResponseRequest
from core.errors import (
    BridgeError,
    ContentBlockedError,
    OutcomeUnknownError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamError,
)
from core.settings import TemporalSettings
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import Workbench, open_workbench
from workflows.temporal import worker
from workflows.temporal.client import connect

PIECES = ["The heron ", "stands in ", "the reeds, ", "and waits."]
WHOLE = "".join(PIECES)


@pytest.fixture
def upstream() -> FakeUpstream:
    """An upstream that answers in four pieces."""
    return FakeUpstream(pieces=list(PIECES))


@pytest.fixture
async def idle(
    tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workbench]:
    """One account, and no worker until the test starts one; one that stops waits for nothing."""
    monkeypatch.setattr(worker, "_GRACE", timedelta(seconds=0.3))
    async with open_workbench(tmp_path, temporal_settings, upstream, accounts=("one",)) as bench:
        yield bench


def chat(text: str = "Describe the heron.", **changes: Any) -> ResponseRequest:
    messages = (
        ResponseMessage(role="system", text="Be short."),
        ResponseMessage(role="user", text=text),
    )
    return ResponseRequest(messages=messages, **changes)


async def begin(bench: Workbench, **changes: Any) -> OperationRecord:
    return await bench.begin_kind(OperationKind.RESPONSE, chat(**changes))


async def told(bench: Workbench, record: OperationRecord) -> str:
    """What a reader of the log alone has in the end; every offset has to fit."""
    text = ""
    for event in await words(bench, record):
        if event.type == "replaced":
            text = event.data["text"]
        else:
            assert event.data["offset"] == len(text)
            text += event.data["text"]
    return text


async def words(bench: Workbench, record: OperationRecord) -> list[OperationEvent]:
    events = await bench.events(record)
    assert [event.number for event in events] == list(range(1, len(events) + 1))
    return [event for event in events if event.type in ("delta", "replaced")]


async def until_said(bench: Workbench, record: OperationRecord, text: str) -> None:
    for _ in range(1000):
        if (await bench.bridge.results.read(record.id)).text == text:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"never said: {await bench.bridge.results.read(record.id)}")


async def looked_at(bench: Workbench) -> None:
    for _ in range(1000):
        if bench.upstream.polls:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody looked")


async def test_the_answer_is_the_result_and_its_pieces_are_in_the_log(bench: Workbench) -> None:
    done = await bench.finished(await begin(bench))

    assert (done.state, done.text) == ("completed", WHOLE)
    assert await told(bench, done) == WHOLE
    assert await bench.states(done) == ["accepted", "submitting", "running", "completed"]
    (sent,) = bench.upstream.submissions
    assert [message.text for message in sent.request.messages] == ["Be short.", "Describe the heron."]
    assert sent.message_id == done.message_id
    assert bench.upstream.polls == 0


async def test_lists_leave_the_answer_out(bench: Workbench) -> None:
    done = await bench.finished(await begin(bench))

    page = await bench.bridge.operations.list(done.owner)

    assert [item.text for item in page.items] == [None]
    assert (await bench.bridge.operations.get(done.id, done.owner)).text == WHOLE


async def test_the_answer_never_enters_the_history(bench: Workbench) -> None:
    bench.upstream.pending_answers, bench.upstream.said_first = 1, 2
    bench.upstream.streaming = [StreamInterruptedError("cut")]
    done = await bench.finished(await begin(bench))
    client = await connect(bench.settings.temporal, bench.keys)

    payloads = []
    async for event in client.get_workflow_handle(done.id).fetch_history_events():
        if event.HasField("activity_task_completed_event_attributes"):
            payloads += event.activity_task_completed_event_attributes.result.payloads
    codec = client.data_converter.payload_codec
    assert codec is not None
    decoded = b"".join(payload.data for payload in await codec.decode(payloads))

    assert done.text == WHOLE
    assert b"submitted" in decoded or b"accepted" in decoded
    assert b"heron" not in decoded


async def test_pieces_are_written_while_upstream_still_speaks(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    bench.upstream.said_first = 2
    record = await begin(bench)
    await until_said(bench, record, "The heron stands in ")

    half = await bench.bridge.operations.get(record.id, record.owner)
    bench.upstream.in_stream.set()
    done = await bench.finished(record)

    assert (half.state, half.text) == ("running", None)
    assert (done.text, await told(bench, done)) == (WHOLE, WHOLE)


async def test_a_lost_stream_is_made_up_for_and_only_what_is_new_is_said(bench: Workbench) -> None:
    bench.upstream.said_first, bench.upstream.pending_answers = 2, 2
    bench.upstream.streaming = [StreamInterruptedError("cut", spent=True)]

    done = await bench.finished(await begin(bench))

    assert (done.state, done.text) == ("completed", WHOLE)
    assert [event.data["text"] for event in await words(bench, done)] == [
        "The heron stands in ",
        "the reeds, and waits.",
    ]
    assert (len(bench.upstream.submissions), bench.upstream.polls) == (1, 3)


async def test_what_upstream_rewrote_replaces_what_was_said(bench: Workbench) -> None:
    bench.upstream.rewritten = "A heron waits in the reeds."

    done = await bench.finished(await begin(bench))

    assert done.text == "A heron waits in the reeds."
    assert (await words(bench, done))[-1].type == "replaced"
    assert await told(bench, done) == done.text


async def test_a_killed_worker_loses_and_doubles_nothing(idle: Workbench, upstream: FakeUpstream) -> None:
    upstream.in_stream.clear()
    upstream.said_first = 3
    async with idle.worker():
        record = await begin(idle)
        await until_said(idle, record, "".join(PIECES[:3]))
    upstream.in_stream.set()
    upstream.pending_answers = 1

    async with idle.worker():
        done = await idle.finished(record, seconds=30)

    assert (done.state, done.text) == ("completed", WHOLE)
    assert [event.data["text"] for event in await words(idle, done)][-1] == PIECES[3]
    assert await told(idle, done) == WHOLE
    assert len(upstream.submissions) == 1


async def test_a_cancel_while_upstream_speaks_stops_it_and_keeps_no_result(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    bench.upstream.said_first = 1
    record = await begin(bench)
    await until_said(bench, record, PIECES[0])

    await bench.cancel(record)
    done = await bench.finished(record)

    assert (done.state, done.text) == ("cancelled", None)
    assert bench.upstream.stops == ["conversation-1"]
    assert await told(bench, done) == PIECES[0]


async def test_a_cancel_while_an_answer_is_looked_for_stops_it(bench: Workbench) -> None:
    bench.upstream.streaming = [StreamInterruptedError("cut")]
    bench.upstream.pending_answers = 10_000
    record = await begin(bench)
    await looked_at(bench)

    await bench.cancel(record)

    assert (await bench.finished(record)).state == "cancelled"
    assert bench.upstream.stops == ["conversation-1"]


@pytest.mark.parametrize("lost", [False, True], ids=["in the stream", "looked up"])
async def test_an_empty_answer_is_no_success(bench: Workbench, lost: bool) -> None:
    bench.upstream.pieces = []
    bench.upstream.streaming = [StreamInterruptedError("cut")] if lost else []

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent, done.text) == ("empty_response", True, None)
    assert len(bench.upstream.submissions) == 1


async def test_an_answer_that_upstream_broke_off_is_no_success(bench: Workbench) -> None:
    bench.upstream.said_first, bench.upstream.answer_fails = 2, True
    bench.upstream.streaming = [StreamInterruptedError("cut")]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent, done.text) == ("upstream_error", True, None)


async def test_a_failure_of_upstream_at_a_look_is_tried_again(bench: Workbench) -> None:
    bench.upstream.streaming = [StreamInterruptedError("cut")]
    bench.upstream.answering = [UpstreamError("502"), None]

    done = await bench.finished(await begin(bench))

    assert (done.state, done.text) == ("completed", WHOLE)


async def test_past_the_wall_limit_upstream_is_looked_at_once_more(bench: Workbench) -> None:
    bench.set(text_limit_seconds=1, poll_seconds=60)
    bench.upstream.streaming = [StreamInterruptedError("cut")]

    done = await bench.finished(await begin(bench))

    assert (done.state, done.text) == ("completed", WHOLE)
    assert bench.upstream.polls == 1


async def test_past_the_wall_limit_without_an_answer_the_operation_times_out(bench: Workbench) -> None:
    bench.set(text_limit_seconds=1)
    bench.upstream.in_stream.clear()
    bench.upstream.pending_answers = 10_000

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("operation_timeout", True)


@pytest.mark.parametrize(
    ("problem", "code"),
    [(ContentBlockedError("policy"), "content_policy_violation"), (RateLimitedError("w"), "rate_limited")],
)
async def test_a_refusal_ends_it(bench: Workbench, problem: BridgeError, code: str) -> None:
    bench.upstream.entering = [problem]

    done = await bench.finished(await begin(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == (code, False)


async def test_a_lost_submission_is_found_and_its_answer_taken(bench: Workbench) -> None:
    bench.upstream.entering = [OutcomeUnknownError("reset", spent=True)]

    done = await bench.finished(await begin(bench))

    assert (done.state, done.text) == ("completed", WHOLE)
    assert len(bench.upstream.submissions) == 1


async def test_a_lost_submission_of_a_temporary_chat_is_never_sent_again(bench: Workbench) -> None:
    bench.upstream.entering = [OutcomeUnknownError("reset", spent=True)]

    done = await bench.finished(await begin(bench, temporary=True))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("outcome_unknown", True)
    assert (len(bench.upstream.submissions), bench.upstream.searches) == (1, 0)


async def test_a_lost_stream_of_a_temporary_chat_ends_it(bench: Workbench) -> None:
    bench.upstream.streaming = [StreamInterruptedError("cut")]

    done = await bench.finished(await begin(bench, temporary=True))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("outcome_unknown", True)


async def test_what_upstream_says_of_quotas_is_kept(bench: Workbench) -> None:
    bench.upstream.quota = {"deep_research": 4, "image_gen": 12}

    done = await bench.finished(await begin(bench))

    assert done.quota == {"deep_research": 4, "image_gen": 12}
