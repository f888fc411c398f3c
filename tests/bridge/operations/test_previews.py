"""The log tells each preview once, and as many as are wanted."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.operations import events
from bridge.operations.records import Operations
from bridge.operations.submissions import Submissions
from bridge.store.engine import Store
from core.contracts.operations import OperationState
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission


@pytest.fixture
async def operation(store: Store) -> str:
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    return (await operations.admit(admission())).record.id


async def told(store: Store, operation: str) -> list[dict[str, Any]]:
    log = await store.read(lambda conn: events.read(conn, operation))
    return [event.data for event in log if event.type == "preview"]


async def test_each_is_told_once_counted_from_nought_up_to_the_most(store: Store, operation: str) -> None:
    submissions = Submissions(store)
    for asset in ("a", "a", "b", "c"):
        await submissions.tell_preview(operation, None, asset, {"name": asset}, most=2)

    assert await told(store, operation) == [{"index": 0, "name": "a"}, {"index": 1, "name": "b"}]
    assert not await submissions.wants_preview(operation, "d", 2)
    assert not await submissions.wants_preview(operation, "a", 3)
    assert await submissions.wants_preview(operation, "d", 3)


async def test_an_attempt_that_lost_its_fence_and_one_that_is_late_tell_nothing(store: Store, operation: str) -> None:
    submissions = Submissions(store)
    _, book = await submissions.take_fence(operation)
    await submissions.take_fence(operation)
    await submissions.tell_preview(operation, book.fence, "a", {}, most=2)
    await Operations(store, OneAccount()).close(operation, OperationState.CANCELLED)  # type: ignore[arg-type]
    await submissions.tell_preview(operation, None, "b", {}, most=2)

    assert await told(store, operation) == []
    assert not await submissions.wants_preview(operation, "b", 2)
    assert not await submissions.wants_preview("nowhere", "b", 2)
