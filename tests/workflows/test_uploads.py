"""Inputs are stored once on the account that works with them, whatever happens in between."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.accounts import leases
from core.contracts.images import EditRequest
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.texts import ResponseMessage, ResponseRequest, VisionRequest
from core.errors import BridgeError, FeatureLimitError, FileUploadFailedError, RateLimitedError, UpstreamError
from core.settings import TemporalSettings
from tests.fakes.upstream import FakeUpstream, png
from tests.fixtures.durable import Workbench, open_workbench
from workflows.temporal import worker

COLOURS = ("red", "green", "blue", "orange", "purple")


@pytest.fixture
async def idle(
    tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workbench]:
    """One account, and no worker until the test starts one; one that stops waits for nothing."""
    monkeypatch.setattr(worker, "_GRACE", timedelta(seconds=0.3))
    async with open_workbench(tmp_path, temporal_settings, upstream, accounts=("one",)) as bench:
        yield bench


@pytest.fixture
async def pair(tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream) -> AsyncIterator[Workbench]:
    """Two accounts with one slot each."""
    async with open_workbench(tmp_path, temporal_settings, upstream, accounts=("one", "two")) as bench, bench.worker():
        yield bench


async def edit(bench: Workbench, count: int = 1, **changes: object) -> OperationRecord:
    inputs = [await bench.picture(colour) for colour in COLOURS[:count]]
    return await bench.begin_kind(OperationKind.EDIT, EditRequest(prompt="purple sky", inputs=tuple(inputs), **changes))


async def uploaded(bench: Workbench, count: int) -> None:
    for _ in range(1000):
        if len(bench.upstream.uploads) >= count:
            return
        await asyncio.sleep(0.01)
    raise AssertionError(f"uploaded only {len(bench.upstream.uploads)}")


async def test_an_edit_uploads_asks_and_keeps_a_picture(bench: Workbench) -> None:
    done = await bench.finished(await edit(bench, 2))

    assert done.state == "completed", done.failure
    assert [artifact.kind for artifact in done.artifacts] == ["image"]
    assert await bench.states(done) == ["accepted", "uploading", "submitting", "running", "saving", "completed"]
    stored = {upload.content: upload.file_id for upload in bench.upstream.uploads}
    (sent,) = bench.upstream.submissions
    files = sent.request.messages[-1].files
    assert [file.file_id for file in files] == [stored[png("red")], stored[png("green")]]
    assert [(file.mime_type, file.width, file.height) for file in files] == [("image/png", 16, 12)] * 2


async def test_progress_counts_what_lies_upstream(bench: Workbench) -> None:
    done = await bench.finished(await edit(bench, 5))

    made = [event.data for event in await bench.events(done) if event.type == "progress"]
    assert [(one["phase"], one["done"], one["total"]) for one in made] == [("uploading", n, 5) for n in range(1, 6)]


async def test_at_most_three_are_uploaded_at_a_time(bench: Workbench) -> None:
    bench.upstream.at_upload.clear()
    record = await edit(bench, 5)
    await bench.reaches(record, "uploading")
    await asyncio.sleep(0.5)

    waiting = bench.upstream.comers
    bench.upstream.at_upload.set()

    assert (await bench.finished(record)).state == "completed"
    assert waiting == 3
    assert len(bench.upstream.uploads) == 5


async def test_an_echo_of_an_input_is_not_the_picture(bench: Workbench) -> None:
    bench.upstream.echoes = True

    done = await bench.finished(await edit(bench))

    assert done.state == "completed", done.failure
    assert bench.upstream.downloaded == ["file_1"]


async def test_an_echo_is_not_the_picture_either_when_it_is_looked_for(bench: Workbench) -> None:
    bench.upstream.echoes, bench.upstream.inline, bench.upstream.pending_polls = True, False, 1

    done = await bench.finished(await edit(bench))

    assert done.state == "completed", done.failure
    assert bench.upstream.downloaded == ["file_1"]


async def test_a_question_about_pictures_is_answered_in_words(bench: Workbench) -> None:
    bench.upstream.pieces = ["A red ", "picture."]
    asked = VisionRequest(prompt="What is it?", inputs=(await bench.picture("red"),))

    done = await bench.finished(await bench.begin_kind(OperationKind.VISION, asked))

    assert (done.state, done.text, done.artifacts) == ("completed", "A red picture.", ())
    assert [upload.content for upload in bench.upstream.uploads] == [png("red")]


async def test_a_background_chat_may_hold_pictures(bench: Workbench) -> None:
    bench.upstream.pieces = ["Seen."]
    inputs = (await bench.picture("red"), await bench.picture("blue"))
    message = ResponseMessage(role="user", text="Look", inputs=inputs)

    done = await bench.finished(await bench.begin_kind(OperationKind.RESPONSE, ResponseRequest(messages=(message,))))

    assert (done.text, len(bench.upstream.uploads)) == ("Seen.", 2)


async def test_the_slot_for_uploading_is_given_back_before_the_turn_is_sent(bench: Workbench) -> None:
    bench.upstream.in_stream.clear()
    record = await edit(bench)
    await bench.reaches(record, "running")

    taken = await bench.bridge.store.read(leases.used)
    bench.upstream.in_stream.set()

    assert taken == {("one", "image"): 1}
    assert (await bench.finished(record)).state == "completed"


async def test_one_slot_for_uploading_is_handed_on_to_whoever_waits(
    tmp_path: Path, temporal_settings: TemporalSettings, upstream: FakeUpstream
) -> None:
    upstream.in_stream.clear()
    wide = {"image_concurrency": "plus=3"}
    async with (
        open_workbench(tmp_path, temporal_settings, upstream, accounts=("one",), accounts_area=wide) as bench,
        bench.worker(),
    ):
        records = [await edit(bench, aspect_ratio=ratio) for ratio in ("1:1", "4:3", "3:4")]
        for record in records:
            await bench.reaches(record, "running", seconds=5)
        upstream.in_stream.set()
        assert [(await bench.finished(record)).state for record in records] == ["completed"] * 3


async def test_what_lies_upstream_is_not_uploaded_again_after_a_crash(idle: Workbench, upstream: FakeUpstream) -> None:
    upstream.uploading = [None, None, UpstreamError("502"), UpstreamError("502")]
    async with idle.worker():
        record = await edit(idle, 3)
        await uploaded(idle, 2)
        await asyncio.sleep(0.2)

    async with idle.worker():
        done = await idle.finished(record, seconds=30)

    assert done.state == "completed", done.failure
    assert sorted(upload.content for upload in upstream.uploads) == sorted(png(colour) for colour in COLOURS[:3])


@pytest.mark.parametrize("step", ["uploading", "submitting", "running"])
async def test_a_lost_history_uploads_and_sends_nothing_again(
    idle: Workbench, upstream: FakeUpstream, step: str
) -> None:
    gate = {"uploading": upstream.at_upload, "submitting": upstream.before_send, "running": upstream.in_stream}[step]
    gate.clear()
    async with idle.worker():
        record = await edit(idle)
        await idle.reaches(record, step)
        await upstream.held()
        await asyncio.sleep(0.2)
    await idle.forget(record)
    gate.set()

    async with idle.worker():
        await idle.temporal.start(record)
        done = await idle.finished(record, seconds=30)

    assert done.state == "completed", done.failure
    assert (len(upstream.uploads), len(upstream.submissions)) == (1, 1)


@pytest.mark.parametrize(
    "refusal", [FeatureLimitError("file_upload"), RateLimitedError("burst")], ids=lambda refusal: refusal.code
)
async def test_an_account_that_refuses_an_upload_is_followed_by_the_next(pair: Workbench, refusal: BridgeError) -> None:
    pair.upstream.uploading = [None, refusal]

    done = await pair.finished(await edit(pair, 2))

    assert done.state == "completed", done.failure
    assert [upload.account for upload in pair.upstream.uploads] == ["one", "two", "two"]
    (sent,) = pair.upstream.submissions
    assert sent.account == "two"
    assert {file.file_id for file in sent.request.messages[-1].files} == {
        upload.file_id for upload in pair.upstream.uploads if upload.account == "two"
    }
    assert await pair.states(done) == [
        *("accepted", "uploading", "waiting_for_account", "uploading", "submitting", "running", "saving", "completed")
    ]


async def test_a_limit_of_uploads_says_nothing_about_pictures(pair: Workbench) -> None:
    pair.upstream.uploading = [FeatureLimitError("file_upload")]

    await pair.finished(await edit(pair))
    plain = await pair.finished(await pair.begin())

    assert plain.account == "one"


async def test_an_account_that_refuses_the_turn_after_the_uploads_is_followed_by_the_next(pair: Workbench) -> None:
    pair.upstream.entering = [RateLimitedError("window")]

    done = await pair.finished(await edit(pair))

    assert (done.state, done.account) == ("completed", "two")
    assert [upload.account for upload in pair.upstream.uploads] == ["one", "two"]


async def test_an_upload_that_keeps_failing_ends_the_operation_and_nothing_was_spent(bench: Workbench) -> None:
    bench.set(max_upstream_failures=2)
    bench.upstream.uploading = [FileUploadFailedError("slot"), FileUploadFailedError("slot")]

    done = await bench.finished(await edit(bench))

    assert done.failure is not None
    assert (done.failure.code, done.failure.spent) == ("file_upload_failed", False)
    assert bench.upstream.submissions == []


async def test_a_cancel_while_inputs_are_uploaded_sends_nothing(bench: Workbench) -> None:
    bench.upstream.at_upload.clear()
    record = await edit(bench, 5)
    await bench.reaches(record, "uploading")
    await bench.upstream.held()

    await bench.cancel(record)
    done = await bench.finished(record, seconds=5)
    bench.upstream.at_upload.set()
    await asyncio.sleep(0.3)

    assert (done.state, done.failure) == ("cancelled", None)
    assert bench.upstream.submissions == []
    assert len(bench.upstream.uploads) <= 3
    assert await bench.bridge.store.read(leases.used) == {}
