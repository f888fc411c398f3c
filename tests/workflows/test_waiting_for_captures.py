"""Every step of an operation whose account is in quarantine: nothing is asked, and what becomes of the operation."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from activities import upstream as upstream_module
from core.contracts.images import EditRequest
from core.contracts.operations import OperationKind, OperationRecord
from core.errors import (
    AccountDisabledError,
    AuthExpiredError,
    BridgeError,
    BrowserCheckRequiredError,
    OutcomeUnknownError,
)
from core.settings import TemporalSettings
from tests.fakes.provider import capture
from tests.fakes.upstream import FakeUpstream
from tests.fakes.waiting import until
from tests.fixtures.durable import Workbench, open_workbench

CHALLENGE = BrowserCheckRequiredError("a person, please", reason="challenge_page")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream_module, "_LOOK_AGAIN", upstream_module.timedelta(seconds=0.3))


@pytest.fixture
async def pair(tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream) -> AsyncIterator[Workbench]:
    """Two accounts with one slot each."""
    async with open_workbench(tmp_path, temporal_settings, upstream, accounts=("one", "two")) as bench, bench.worker():
        yield bench


async def quarantined(bench: Workbench, error: BridgeError = CHALLENGE) -> None:
    """What another request on the account meets."""
    await bench.bridge.registry.snapshot()
    await bench.bridge.outcomes.report("one", error)


async def refreshed(bench: Workbench) -> None:
    await bench.bridge.captures.update("one", capture("plus", fresh=True), actor="test", verify=False)


async def waiting(bench: Workbench, record: OperationRecord) -> OperationRecord:
    """Until its record says that it waits."""

    async def says_so() -> bool:
        return bool((await bench.bridge.operations.get(record.id, record.owner)).skipped)

    await until(says_so, seconds=15)
    return await bench.bridge.operations.get(record.id, record.owner)


async def drawing(bench: Workbench) -> OperationRecord:
    """A picture that upstream is at."""
    bench.upstream.inline, bench.upstream.pending_polls = False, 10_000
    record = await bench.begin()
    await bench.reaches(record, "running")
    await until(lambda: asyncio.sleep(0, bench.upstream.polls > 0), seconds=15)
    return record


@pytest.mark.parametrize(
    ("trouble", "code"),
    [
        (CHALLENGE, "browser_check_required"),
        (AuthExpiredError("over"), "auth_expired"),
        (AccountDisabledError("closed"), "account_disabled"),
    ],
    ids=["challenge", "auth_expired", "blocked"],
)
async def test_when_its_time_is_over_it_fails_as_the_account_did_without_asking(
    bench: Workbench, trouble: BridgeError, code: str
) -> None:
    bench.set(image_limit_seconds=3)
    record = await drawing(bench)
    await quarantined(bench, trouble)
    await waiting(bench, record)
    before = bench.upstream.polls

    done = await bench.finished(record)

    assert done.failure is not None
    assert (done.state, done.failure.code, done.failure.spent) == ("failed", code, True)
    assert "'one'" in done.failure.message
    assert bench.upstream.polls == before
    assert (done.skipped, done.progress) == ((), None)


async def test_waiting_is_no_failure_of_upstream(bench: Workbench) -> None:
    record = await drawing(bench)
    await quarantined(bench)
    await waiting(bench, record)
    await asyncio.sleep(1.5)
    bench.upstream.pending_polls = 0
    await refreshed(bench)

    done = await bench.finished(record)

    assert done.state == "completed", done.failure
    assert (await bench.bridge.submissions.read(record.id)).upstream_failures == 0
    phases = [event.data["phase"] for event in await bench.events(record) if event.type == "progress"]
    assert phases == ["drawing", "waiting_for_capture", "going_on"]


async def test_a_cancel_ends_it_and_says_that_the_stop_was_not_sent(bench: Workbench) -> None:
    record = await drawing(bench)
    await quarantined(bench)
    await waiting(bench, record)

    await bench.cancel(record)
    done = await bench.finished(record)

    assert done.state == "cancelled"
    assert done.last_cancel_error is not None
    assert done.last_cancel_error.startswith("account_quarantined: It waits until the capture of 'one' is refreshed.")
    assert bench.upstream.stops == []


async def test_a_finished_picture_is_fetched_once_the_capture_is_fresh(bench: Workbench) -> None:
    bench.upstream.at_download.clear()
    record = await bench.begin()
    await bench.upstream.held()
    await bench.reaches(record, "saving")
    await quarantined(bench)
    await waiting(bench, record)
    bench.upstream.at_download.set()
    await asyncio.sleep(0.5)
    assert bench.upstream.downloaded == []
    await refreshed(bench)

    assert (await bench.finished(record)).state == "completed"
    assert len(bench.upstream.downloaded) == 1


async def _lost(bench: Workbench) -> OperationRecord:
    """A submission of which nobody knows whether it arrived, on an account in quarantine."""
    bench.upstream.inline = False
    bench.upstream.entering = [OutcomeUnknownError("the connection broke", spent=True)]
    bench.upstream.finding = [OutcomeUnknownError("a list that cannot be read")]
    record = await bench.begin()
    await until(lambda: asyncio.sleep(0, bench.upstream.searches > 0), seconds=15)
    await quarantined(bench)
    await waiting(bench, record)
    return record


async def test_a_lost_submission_is_not_looked_for_meanwhile(bench: Workbench) -> None:
    record = await _lost(bench)
    searches, attempts = bench.upstream.searches, (await bench.bridge.submissions.read(record.id)).fence
    await asyncio.sleep(1)
    assert bench.upstream.searches == searches
    assert (await bench.bridge.submissions.read(record.id)).fence == attempts
    await refreshed(bench)

    done = await bench.finished(record)

    assert done.state == "completed", done.failure
    assert len(bench.upstream.submissions) == 1


async def test_a_lost_submission_that_is_cancelled_ends(bench: Workbench) -> None:
    record = await _lost(bench)
    await bench.cancel(record)

    done = await bench.finished(record)

    assert done.state == "cancelled"
    assert done.last_cancel_result == {"pending": "conversation_id_not_available"}
    assert "account_quarantined" in (done.last_cancel_error or "")


async def _before_it_is_sent(bench: Workbench) -> OperationRecord:
    """An operation that holds the account `one` in the moment in which that gets into quarantine."""
    bench.upstream.before_send.clear()
    record = await bench.begin()
    await bench.upstream.held()
    await quarantined(bench)
    await bench.bridge.registry.snapshot()
    bench.upstream.before_send.set()
    return record


async def test_what_was_not_sent_goes_to_another_account(pair: Workbench) -> None:
    done = await pair.finished(await _before_it_is_sent(pair))

    assert done.state == "completed", done.failure
    assert [sent.account for sent in pair.upstream.submissions] == ["two"]


async def test_what_was_not_sent_waits_in_line_and_may_come_back(bench: Workbench) -> None:
    record = await _before_it_is_sent(bench)
    await bench.reaches(record, "waiting_for_account")
    waits = await waiting(bench, record)
    assert [(skip.account, skip.reason) for skip in waits.skipped] == [("one", "challenge")]
    await refreshed(bench)

    done = await bench.finished(record)

    assert done.state == "completed", done.failure
    assert [sent.account for sent in bench.upstream.submissions] == ["one"]
    assert done.attempts == 2


async def test_an_upload_is_not_begun_and_the_picture_goes_elsewhere(pair: Workbench) -> None:
    pair.upstream.at_upload.clear()
    request = EditRequest(prompt="purple", inputs=(await pair.picture(),))
    record = await pair.begin_kind(OperationKind.EDIT, request)
    await pair.upstream.held()
    await quarantined(pair)
    await asyncio.sleep(0.6)
    pair.upstream.at_upload.set()

    done = await pair.finished(record)

    assert done.state == "completed", done.failure
    assert {upload.account for upload in pair.upstream.uploads} == {"two"}
