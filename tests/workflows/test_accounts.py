"""Waiting for an account, in the order of admission, and going on with another one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.errors import AuthExpiredError, BridgeError, RateLimitedError
from core.settings import TemporalSettings
from tests.fakes.upstream import FakeUpstream
from tests.fixtures.durable import Workbench, open_workbench


@pytest.fixture
async def pair(tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream) -> AsyncIterator[Workbench]:
    """Two accounts with one slot each."""
    async with open_workbench(tmp_path, temporal_settings, upstream, accounts=("one", "two")) as bench, bench.worker():
        yield bench


async def test_fourteen_on_one_slot_are_served_in_the_order_of_admission(bench: Workbench) -> None:
    records = [await bench.begin(f"number {number}") for number in range(14)]

    done = [await bench.finished(record, seconds=40) for record in records]

    assert [record.state for record in done] == ["completed"] * 14
    assert [submission.prompt for submission in bench.upstream.submissions] == [f"number {n}" for n in range(14)]
    gaps = [
        (later.started_at - earlier.finished_at).total_seconds()
        for earlier, later in zip(done, done[1:], strict=False)
        if later.started_at and earlier.finished_at
    ]
    assert max(gaps) < 2


async def test_the_order_of_admission_counts_and_not_that_of_the_workflows(bench: Workbench) -> None:
    records = [await bench.admit(f"number {number}") for number in range(6)]
    for record in reversed(records):
        await bench.temporal.start(record)

    for record in records:
        await bench.finished(record)

    assert [submission.prompt for submission in bench.upstream.submissions] == [f"number {n}" for n in range(6)]


async def test_who_waits_is_told_why(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    first = await bench.begin("first")
    await bench.reaches(first, "running")
    second = await bench.begin("second")
    await bench.reaches(second, "waiting_for_account")

    waiting = await bench.bridge.operations.get(second.id, second.owner)
    bench.upstream.in_stream.set()

    assert [(skip.account, skip.reason) for skip in waiting.skipped] == [("one", "busy")]
    assert (await bench.finished(second)).state == "completed"


@pytest.mark.parametrize("refusal", [RateLimitedError("window"), AuthExpiredError("expired")])
async def test_an_account_that_refuses_is_followed_by_the_next(pair: Workbench, refusal: BridgeError) -> None:
    pair.upstream.entering = [refusal]

    done = await pair.finished(await pair.begin())

    assert done.state == "completed", done.failure
    assert [submission.account for submission in pair.upstream.submissions] == ["two"]
    assert (done.account, done.artifacts[0].account) == ("two", "two")
    assert done.route == f"auto; tried=one:{refusal.code}"


async def test_when_every_account_has_refused_the_last_refusal_counts(pair: Workbench) -> None:
    pair.upstream.entering = [RateLimitedError("first"), RateLimitedError("second", retry_after_seconds=7)]

    done = await pair.finished(await pair.begin())

    assert done.failure is not None
    assert (done.failure.code, done.failure.retry_after_seconds) == ("rate_limited", 7)
    assert not done.failure.spent


async def test_an_operation_bound_to_one_account_does_not_go_to_another(pair: Workbench) -> None:
    pair.upstream.entering = [RateLimitedError("first")]

    done = await pair.finished(await pair.begin(accounts=("two",)))

    assert done.failure is not None
    assert done.failure.code == "rate_limited"
    assert pair.upstream.submissions == []


async def test_two_accounts_work_at_the_same_time(pair: Workbench) -> None:
    pair.upstream.in_stream.clear()
    records = [await pair.begin("first"), await pair.begin("second")]

    for record in records:
        await pair.reaches(record, "running")
    accounts = {submission.account for submission in pair.upstream.submissions}
    pair.upstream.in_stream.set()
    await asyncio.gather(*(pair.finished(record) for record in records))

    assert accounts == {"one", "two"}
