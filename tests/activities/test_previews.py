"""Previews are kept for whoever wants to see them, and never in the way of the picture."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.images import ImageActivities
from activities.previews import PreviewKeeper
from activities.turns import TurnActivities
from activities.upstream import Upstream
from bridge.build import Bridge
from core.clock import utc_now
from core.contracts.images import ImageRequest
from core.contracts.operations import OperationKind, OperationRecord
from core.contracts.steps import PollInput, ReserveInput, SubmitInput
from core.errors import BrowserCheckRequiredError, FileNotFoundUpstreamError
from tests.fakes.upstream import FakeUpstream, png
from tests.fakes.waiting import until
from tests.fixtures.durable import admission_of


async def operation(bridge: Bridge, previews: int) -> OperationRecord:
    asked = admission_of(OperationKind.IMAGE, ImageRequest(prompt="a heron", partial_images=previews))
    record = (await bridge.operations.admit(asked)).record
    await bridge.reservations.reserve(ReserveInput(operation_id=record.id))
    return record


async def told(bridge: Bridge, record: OperationRecord) -> list[dict[str, Any]]:
    page = await bridge.operations.events(record.id, None, after=0, limit=100)
    return [event.data for event in page.items if event.type == "preview"]


def submit(bridge: Bridge, record: OperationRecord) -> asyncio.Task[Any]:
    upstream, previews = Upstream(bridge.pool, bridge.submissions), PreviewKeeper(bridge.submissions, bridge.previews)
    turns = TurnActivities(bridge.submissions, upstream, bridge.operations, bridge.results, previews)
    given = SubmitInput(
        operation_id=record.id,
        deadline=utc_now() + timedelta(seconds=30),
        grace=timedelta(seconds=0.2),
        max_upstream_failures=3,
    )
    return asyncio.ensure_future(ActivityEnvironment().run(turns.submit_turn, given))


@pytest.mark.parametrize(("wanted", "kept"), [(0, 0), (2, 2), (3, 3)])
async def test_a_stream_keeps_as_many_as_are_wanted(
    bridge: Bridge, upstream: FakeUpstream, wanted: int, kept: int
) -> None:
    upstream.previews = 4
    upstream.in_stream.clear()
    record = await operation(bridge, wanted)
    sending = submit(bridge, record)

    async def all_told() -> bool:
        return len(await told(bridge, record)) == kept

    await upstream.held()
    await until(all_told)
    upstream.in_stream.set()
    await sending

    shown = await told(bridge, record)
    assert [one["index"] for one in shown] == list(range(kept))
    assert [(one["width"], one["height"]) for one in shown] == [(16, 12)] * kept
    assert [await bridge.previews.read(one["name"]) for one in shown] == [png()] * kept
    assert len(upstream.downloaded) == kept


async def test_one_that_cannot_be_had_is_left_out(bridge: Bridge, upstream: FakeUpstream) -> None:
    upstream.previews = 2
    upstream.downloading = [FileNotFoundUpstreamError("gone"), None]
    upstream.in_stream.clear()
    record = await operation(bridge, 2)
    sending = submit(bridge, record)

    async def one_told() -> bool:
        return len(await told(bridge, record)) == 1

    await until(one_told)
    upstream.in_stream.set()

    assert (await sending).status == "accepted"
    assert [one["index"] for one in await told(bridge, record)] == [0]


async def test_the_picture_does_not_wait_for_a_preview(bridge: Bridge, upstream: FakeUpstream) -> None:
    upstream.previews = 1
    upstream.at_download.clear()
    record = await operation(bridge, 1)

    submitted = await asyncio.wait_for(submit(bridge, record), 10)

    assert len(submitted.assets) == 1
    assert await told(bridge, record) == []


async def test_a_look_at_the_conversation_finds_them_too(bridge: Bridge, upstream: FakeUpstream) -> None:
    upstream.inline, upstream.pending_polls = False, 2
    record = await operation(bridge, 3)
    await submit(bridge, record)
    upstream.previews = 2
    keeper = PreviewKeeper(bridge.submissions, bridge.previews)
    images = ImageActivities(bridge.submissions, Upstream(bridge.pool, bridge.submissions), keeper)

    for _ in range(2):
        await ActivityEnvironment().run(images.poll_image, PollInput(operation_id=record.id, max_upstream_failures=3))

    assert [one["index"] for one in await told(bridge, record)] == [0, 1]


async def test_a_look_fetches_none_with_an_account_that_must_not_be_used_any_more(
    bridge: Bridge, upstream: FakeUpstream
) -> None:
    upstream.inline, upstream.pending_polls = False, 2
    record = await operation(bridge, 3)
    await submit(bridge, record)
    upstream.previews = 2
    upstream.at_download.clear()
    keeper = PreviewKeeper(bridge.submissions, bridge.previews)
    images = ImageActivities(bridge.submissions, Upstream(bridge.pool, bridge.submissions), keeper)
    looked = PollInput(operation_id=record.id, max_upstream_failures=3)
    before = upstream.comers

    looking = asyncio.ensure_future(ActivityEnvironment().run(images.poll_image, looked))

    async def fetching() -> bool:
        return upstream.comers == before + 2

    await until(fetching)
    await bridge.outcomes.report("one", BrowserCheckRequiredError("a person, please", reason="challenge_page"))
    with pytest.raises(ApplicationError, match="AccountQuarantinedError"):
        await asyncio.wait_for(looking, 10)

    assert upstream.downloaded == []
