"""Operations are listed newest first, a page at a time."""

from __future__ import annotations

import pytest

from bridge.operations.records import Operations
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationState
from core.errors import InvalidRequestError
from tests.bridge.operations.test_admission import NoAccounts
from tests.fixtures.durable import admission


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, NoAccounts())  # type: ignore[arg-type]


async def test_pages_follow_each_other_without_gap_or_overlap(operations: Operations) -> None:
    made = [(await operations.admit(admission(f"number {n}"))).record.id for n in range(5)]
    await operations.admit(admission(owner="somebody"))

    found: list[str] = []
    cursor = None
    for _ in range(3):
        page = await operations.list("primary", cursor=cursor, limit=2)
        found += [record.id for record in page.items]
        cursor = page.next_cursor

    assert found == made[::-1]
    assert cursor is None


async def test_filters_narrow_the_list(operations: Operations) -> None:
    first, second = [(await operations.admit(admission(f"number {n}"))).record for n in range(2)]
    await operations.close(first.id, OperationState.CANCELLED)

    ended = await operations.list("primary", state=OperationState.CANCELLED)
    recent = await operations.list("primary", since=second.created_at)
    later = await operations.list("primary", since=utc_now())

    assert [record.id for record in ended.items] == [first.id]
    assert [record.id for record in recent.items] == [second.id]
    assert later.items == ()


@pytest.mark.parametrize("cursor", ["", "x", "-1", "1.5", "²", "9" * 30])
async def test_a_cursor_that_nobody_gave_out_is_refused(operations: Operations, cursor: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await operations.list("primary", cursor=cursor)

    assert refused.value.param == "cursor"
