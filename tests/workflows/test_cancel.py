"""A cancel at each state: upstream is stopped by `stop_turn` alone, and nothing is sent any more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from core.contracts.operations import OperationRecord
from core.errors import UpstreamError
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import Workbench


async def ends_cancelled(bench: Workbench, record: OperationRecord) -> OperationRecord:
    done = await bench.finished(record)
    assert (done.state, done.failure) == ("cancelled", None)
    assert done.cancel_requested
    assert (await bench.states(record))[-1] == "cancelled"
    return done


async def upstream_has(ledger: Sequence[object]) -> None:
    """Wait until upstream was asked at all."""
    for _ in range(1000):
        if ledger:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("upstream was not asked")


async def test_before_its_workflow_runs(bench: Workbench) -> None:
    record = await bench.admit()
    await bench.bridge.operations.request_cancel(record.id, record.owner)
    await bench.temporal.start(record)

    done = await ends_cancelled(bench, record)

    assert done.last_cancel_result == {"pending": "provider_not_selected"}
    assert bench.upstream.submissions == []


async def test_while_it_waits_for_an_account(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    first = await bench.begin("first")
    await bench.reaches(first, "running")
    second = await bench.begin("second")
    await bench.reaches(second, "waiting_for_account")

    await bench.cancel(second)

    await ends_cancelled(bench, second)
    bench.upstream.in_stream.set()
    assert (await bench.finished(first)).state == "completed"
    assert len(bench.upstream.submissions) == 1


async def test_before_the_post(bench: Workbench) -> None:
    bench.upstream.before_send.clear()
    record = await bench.begin()
    await bench.upstream.held()

    await bench.cancel(record)
    done = await ends_cancelled(bench, record)
    bench.upstream.before_send.set()
    await asyncio.sleep(0.3)

    assert bench.upstream.submissions == []
    assert bench.upstream.stops == []
    assert done.last_cancel_result == {"pending": "conversation_id_not_available"}


async def test_while_upstream_streams(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    record = await bench.begin()
    await bench.reaches(record, "running")

    started = asyncio.get_running_loop().time()
    await bench.cancel(record)
    await upstream_has(bench.upstream.stops)
    took = asyncio.get_running_loop().time() - started
    done = await ends_cancelled(bench, record)

    assert took < 2
    assert set(bench.upstream.stops) == {"conversation-1"}
    assert done.last_cancel_result == {"conversation": {"status": "ok", "last_message_id": None}}


async def test_while_upstream_draws(bench: Workbench) -> None:
    bench.upstream.inline, bench.upstream.pending_polls = False, 10_000
    record = await bench.begin()
    await bench.reaches(record, "running")
    await asyncio.sleep(0.3)

    await bench.cancel(record)

    await ends_cancelled(bench, record)
    assert bench.upstream.stops == ["conversation-1"]


async def test_while_the_picture_is_fetched(bench: Workbench) -> None:
    bench.upstream.at_download.clear()
    record = await bench.begin()
    await bench.reaches(record, "saving")

    await bench.cancel(record)

    done = await ends_cancelled(bench, record)
    bench.upstream.at_download.set()
    await asyncio.sleep(0.3)
    assert (await bench.finished(done)).artifacts == ()


async def test_a_stop_that_upstream_does_not_take_is_repeated_and_then_reported(bench: Workbench) -> None:
    bench.upstream.inline, bench.upstream.pending_polls = False, 10_000
    bench.upstream.stopping = [UpstreamError("502")] * 9
    record = await bench.begin()
    await bench.reaches(record, "running")

    await bench.cancel(record)

    done = await ends_cancelled(bench, record)
    assert done.last_cancel_error == "upstream_error: 502"


async def test_a_cancel_that_comes_before_the_conversation_is_known_stops_it_once_it_is(
    bench: Workbench, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = asyncio.Event()
    submissions = bench.bridge.submissions
    learn = submissions.learn

    async def late(*args: object, **kwargs: object) -> object:
        await known.wait()
        return await learn(*args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(submissions, "learn", late)
    upstream.in_stream.clear()
    record = await bench.begin()
    await upstream_has(upstream.submissions)

    await bench.cancel(record)
    await asyncio.sleep(0.5)
    assert upstream.stops == []
    known.set()

    done = await ends_cancelled(bench, record)
    assert upstream.stops == ["conversation-1"]
    assert done.last_cancel_result == {"conversation": {"status": "ok", "last_message_id": None}}


async def test_through_temporals_own_request(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    record = await bench.begin()
    await bench.reaches(record, "running")

    await bench.temporal._client.get_workflow_handle(record.id).cancel()

    await ends_cancelled(bench, record)
    assert set(bench.upstream.stops) == {"conversation-1"}


async def test_of_an_operation_that_has_ended_changes_nothing(bench: Workbench) -> None:
    record = await bench.begin()
    await bench.finished(record)

    await bench.cancel(record)

    found = await bench.bridge.operations.get(record.id, record.owner)
    assert (found.state, found.cancel_requested) == ("completed", False)
