"""An upload looks first whether it is still wanted."""

from __future__ import annotations

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.uploads import UploadActivities
from activities.upstream import Upstream
from bridge.build import Bridge
from core.clock import utc_now
from core.contracts.images import EditRequest
from core.contracts.operations import OperationKind, OperationRecord, OperationState
from core.contracts.steps import ReserveInput, Uploaded, UploadInput
from core.errors import UpstreamError
from tests.fakes.upstream import FakeUpstream, png
from tests.fixtures.durable import admission_of


@pytest.fixture
async def operation(bridge: Bridge) -> OperationRecord:
    inputs = (await bridge.inputs.store(png("red"), name="red.png"), await bridge.inputs.store(png("blue"), name="b"))
    asked = admission_of(OperationKind.EDIT, EditRequest(prompt="purple", inputs=inputs))
    record = (await bridge.operations.admit(asked)).record
    await bridge.reservations.reserve(ReserveInput(operation_id=record.id))
    return record


async def upload(bridge: Bridge, operation: OperationRecord, position: int = 0, account: str = "one") -> Uploaded:
    activities = UploadActivities(bridge.submissions, Upstream(bridge.pool, bridge.submissions), bridge.inputs)
    given = UploadInput(operation_id=operation.id, account=account, position=position, max_upstream_failures=3)
    return await ActivityEnvironment().run(activities.upload_input, given)


async def test_each_input_is_stored_once_and_known_by_its_position(
    bridge: Bridge, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    for position in (1, 0, 1, 0):
        await upload(bridge, operation, position)

    assert [one.content for one in upstream.uploads] == [png("blue"), png("red")]
    assert await bridge.submissions.uploads(operation.id, "one") == ("file_in2", "file_in1")


async def test_the_number_of_the_last_event_comes_back(bridge: Bridge, operation: OperationRecord) -> None:
    done = await upload(bridge, operation)

    record = await bridge.operations.find(operation.id)
    assert record is not None
    assert done.last_event == record.last_event > 1
    assert record.state == "uploading"


async def test_nothing_is_stored_on_an_account_that_the_operation_has_left(
    bridge: Bridge, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    await upload(bridge, operation, account="another")

    assert upstream.uploads == []


async def test_an_upload_that_comes_back_after_the_account_was_left_is_not_counted(
    bridge: Bridge, operation: OperationRecord
) -> None:
    assert not await bridge.submissions.keep_upload(operation.id, 0, "another", "file_late", total=2)

    assert await bridge.submissions.uploads(operation.id, "another") == ()


@pytest.mark.parametrize("what", ["cancelled", "sent", "ended"])
async def test_nothing_is_stored_that_nobody_needs_any_more(
    bridge: Bridge, operation: OperationRecord, upstream: FakeUpstream, what: str
) -> None:
    if what == "cancelled":
        await bridge.submissions.request_cancel(operation.id)
    elif what == "sent":
        _, book = await bridge.submissions.take_fence(operation.id)
        await bridge.submissions.mark_sent(operation.id, book.fence, utc_now())
    else:
        await bridge.operations.close(operation.id, OperationState.CANCELLED)

    await upload(bridge, operation)

    assert upstream.uploads == []


async def test_an_input_that_was_removed_ends_the_operation(bridge: Bridge, operation: OperationRecord) -> None:
    for file in (bridge.settings.storage.data_dir / "inputs").rglob("*"):
        if file.is_file():
            file.unlink()

    with pytest.raises(ApplicationError) as raised:
        await upload(bridge, operation)

    assert (raised.value.type, raised.value.non_retryable) == ("GoneError", True)


async def test_trouble_is_counted_and_forgotten_by_a_success(
    bridge: Bridge, operation: OperationRecord, upstream: FakeUpstream
) -> None:
    upstream.uploading = [UpstreamError("502"), UpstreamError("502")]
    for _ in range(2):
        with pytest.raises(ApplicationError) as raised:
            await upload(bridge, operation)
        assert not raised.value.non_retryable
    counted = (await bridge.submissions.read(operation.id)).upstream_failures

    await upload(bridge, operation)

    assert (counted, (await bridge.submissions.read(operation.id)).upstream_failures) == (2, 0)
