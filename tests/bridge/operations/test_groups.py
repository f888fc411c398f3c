"""Several operations of one request: made together, answered for by the first."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bridge.accounts import tickets
from bridge.operations import expiry
from bridge.operations.admission import Admission
from bridge.operations.records import Operations
from bridge.operations.removal import Removal, remove
from bridge.operations.rows import OPERATIONS
from bridge.operations.submissions import Submissions
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.failure import Failure
from core.contracts.operations import OperationRecord, OperationState
from core.errors import NotFoundError, OperationIdTakenError, OperationNotFinishedError
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission

FAILURE = Failure(code="rate_limited", fault="upstream", message="no", action="wait", retryable=True)


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, OneAccount())  # type: ignore[arg-type]


def three(**changes: Any) -> Admission:
    """A request for three pictures."""
    asked = admission(**changes)
    return replace(asked, request={**asked.request, "n": 3}, members=(asked.request,) * 2)


async def admitted(operations: Operations, **changes: Any) -> tuple[OperationRecord, ...]:
    return (await operations.admit(three(**changes))).group


async def end(operations: Operations, *states: tuple[str, OperationState]) -> None:
    for operation_id, state in states:
        await operations.close(operation_id, state, FAILURE if state is OperationState.FAILED else None)


async def test_all_of_a_group_are_made_at_once_each_whole_and_in_line(operations: Operations, store: Store) -> None:
    lead, *members = await admitted(operations, operation_id="mine")

    found = (await operations.list("primary")).items
    line = await store.read(tickets.waiting)
    assert [one.id for one in found] == [members[1].id, members[0].id, "mine"]
    assert [one.lead for one in found] == ["mine", "mine", None]
    assert [(one.id, one.state) for one in lead.members] == [(one.id, "accepted") for one in members]
    assert found[2].members == lead.members
    assert len({one.message_id for one in found}) == 3
    assert [one.request["n"] for one in (lead, *members)] == [3, 1, 1]
    assert [one.last_event for one in found] == [1, 1, 1]
    assert [one.operation_id for one in line] == [one.id for one in (lead, *members)]


async def test_a_key_and_an_id_stand_for_the_whole_group(operations: Operations) -> None:
    group = await admitted(operations, operation_id="mine", idempotency_key="k")

    for again in (three(operation_id="mine"), three(idempotency_key="k"), three(idempotency_key="k")):
        answer = await operations.admit(again)
        assert ([one.id for one in answer.group], answer.created) == ([one.id for one in group], False)
    with pytest.raises(OperationIdTakenError):
        await operations.admit(admission(operation_id=group[1].id))
    assert len((await operations.list("primary")).items) == 3


async def test_a_retry_finds_a_group_of_which_any_goes_on(operations: Operations) -> None:
    lead, *members = await admitted(operations)
    await operations.mark_disconnected(lead.id)
    await end(operations, (lead.id, OperationState.COMPLETED), (members[0].id, OperationState.COMPLETED))

    joined = await operations.admit(three())
    await operations.mark_disconnected(lead.id)
    await end(operations, (members[1].id, OperationState.COMPLETED))
    retried = await operations.admit(three(retry_count=1))
    await operations.mark_disconnected(lead.id)
    anew = await operations.admit(three())

    assert (joined.record.id, joined.created) == (lead.id, False)
    assert (retried.record.id, retried.created) == (lead.id, False)
    assert anew.created


async def test_a_member_is_joined_by_no_request(operations: Operations) -> None:
    _, member, _ = await admitted(operations)
    await operations.mark_disconnected(member.id)

    assert (await operations.admit(admission())).created
    assert (await operations.admit(admission(retry_count=1))).created


async def test_a_cancel_of_the_lead_reaches_all_that_go_on_and_one_of_a_member_it_alone(operations: Operations) -> None:
    lead, *members = await admitted(operations)
    other, third, fourth = await admitted(operations)
    await end(operations, (lead.id, OperationState.COMPLETED))

    await operations.request_cancel(lead.id, "primary")
    await operations.request_cancel(third.id, "primary")

    asked = [one.id for one in (await operations.list("primary")).items if one.cancel_requested]
    assert sorted(asked) == sorted([members[0].id, members[1].id, third.id])
    with pytest.raises(NotFoundError):
        await operations.request_cancel(other.id, "somebody")
    assert not (await operations.get(fourth.id, "primary")).cancel_requested


@pytest.mark.parametrize("spent", [0, 1, 2, None])
async def test_a_key_is_free_again_only_if_none_of_the_group_spent_anything(
    operations: Operations, store: Store, spent: int | None
) -> None:
    group = await admitted(operations, idempotency_key="k")
    if spent is not None:
        submissions = Submissions(store)
        _, book = await submissions.take_fence(group[spent].id)
        assert await submissions.mark_sent(group[spent].id, book.fence, utc_now())
    for one in group:
        assert not (await operations.admit(three(idempotency_key="k"))).created
        await end(operations, (one.id, OperationState.FAILED))

    assert (await operations.admit(three(idempotency_key="k"))).created is (spent is None)


async def test_a_group_is_removed_as_one_once_all_of_it_has_ended(
    operations: Operations, store: Store, tmp_path: Path
) -> None:
    lead, *members = await admitted(operations)
    removal = Removal(store, tmp_path / "artifacts")
    await end(operations, (lead.id, OperationState.COMPLETED), (members[0].id, OperationState.CANCELLED))

    with pytest.raises(OperationNotFinishedError):
        await removal.remove(lead.id, "primary", files=True, actor="test")
    await end(operations, (members[1].id, OperationState.FAILED))
    await removal.remove(members[1].id, "primary", files=True, actor="test")
    left = (await operations.get(lead.id, "primary")).members
    await removal.remove(lead.id, "primary", files=True, actor="test")

    assert [one.id for one in left] == [members[0].id]
    assert (await operations.list("primary")).items == ()


async def test_age_leaves_a_lead_alone_while_one_of_its_group_goes_on(operations: Operations, store: Store) -> None:
    lead, first, second = await admitted(operations)
    now = utc_now()
    await end(operations, (lead.id, OperationState.COMPLETED), (first.id, OperationState.COMPLETED))
    old = update(OPERATIONS).where(OPERATIONS.c.finished_at.is_not(None)).values(finished_at=now - timedelta(days=9))
    await store.write(lambda conn: conn.execute(old))

    async def due() -> list[str]:
        return await store.read(lambda conn: [row.id for row in conn.execute(expiry.operations(now))])

    assert await due() == [first.id]
    await end(operations, (second.id, OperationState.COMPLETED))
    assert await due() == [lead.id, first.id]
    await store.write(lambda conn: remove(conn, lead.id, None, files=False))
    assert (await operations.get(second.id, "primary")).lead is None
