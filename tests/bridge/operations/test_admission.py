"""A request becomes one operation, however often it is sent."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bridge.accounts import tickets
from bridge.accounts.account import Account
from bridge.idempotency.digest import request_digest
from bridge.operations import events
from bridge.operations.admission import Admission
from bridge.operations.records import Operations
from bridge.operations.rows import OPERATIONS
from bridge.operations.submissions import Submissions
from bridge.routing.needs import Needs
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.contracts.failure import Failure
from core.contracts.operations import OperationKind, OperationState
from core.contracts.routing import Strategy
from core.contracts.texts import VisionRequest
from core.errors import (
    FeatureSwitchedOffError,
    IdempotencyConflictError,
    NotFoundError,
    OperationIdTakenError,
    UnsupportedModelError,
)
from provider.interface.accounts import Capabilities
from tests.fixtures.durable import admission, admission_of


class OneAccount:
    """A registry with one account, of a plan that nobody knows."""

    def __init__(self, **values: Any) -> None:
        self._values = values

    async def snapshot(self) -> tuple[Account, ...]:
        return (Account("one", **self._values),)


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, OneAccount())  # type: ignore[arg-type]


FAILURE = Failure(code="rate_limited", fault="upstream", message="no", action="wait", retryable=True)


async def test_an_admitted_operation_is_there_with_its_first_event(operations: Operations, store: Store) -> None:
    admitted = await operations.admit(admission("a heron", model="gpt-image"))

    found = await operations.get(admitted.record.id, "primary")
    log = await store.read(lambda conn: events.read(conn, found.id))
    assert admitted.created
    assert found == admitted.record
    assert (found.state, found.model, found.request["prompt"]) == ("accepted", "gpt-image", "a heron")
    assert [(event.number, event.type, event.data["state"]) for event in log] == [(1, "state", "accepted")]


async def test_without_a_key_each_request_is_an_operation_of_its_own(operations: Operations) -> None:
    first, second = [await operations.admit(admission()) for _ in range(2)]

    assert first.record.id != second.record.id
    assert first.record.sequence < second.record.sequence


async def test_a_key_stands_for_one_operation(operations: Operations) -> None:
    first = await operations.admit(admission(idempotency_key="k"))
    again = await operations.admit(admission(idempotency_key="k"))
    elsewhere = await operations.admit(admission(idempotency_key="k", route="/other"))
    foreign = await operations.admit(admission(idempotency_key="k", owner="somebody"))

    assert (again.record.id, again.created) == (first.record.id, False)
    assert len({first.record.id, elsewhere.record.id, foreign.record.id}) == 3


async def test_two_requests_with_one_key_at_once_are_one_operation(operations: Operations) -> None:
    both = await asyncio.gather(*(operations.admit(admission(idempotency_key="k")) for _ in range(5)))

    assert len({admitted.record.id for admitted in both}) == 1
    assert sum(admitted.created for admitted in both) == 1


async def test_a_key_with_another_body_is_a_conflict(operations: Operations) -> None:
    await operations.admit(admission("one", idempotency_key="k"))

    with pytest.raises(IdempotencyConflictError):
        await operations.admit(admission("two", idempotency_key="k"))


async def test_a_failure_that_spent_nothing_frees_the_key_and_any_other_end_keeps_it(
    operations: Operations, store: Store
) -> None:
    free = (await operations.admit(admission("one", idempotency_key="free"))).record
    spent = (await operations.admit(admission("two", idempotency_key="spent"))).record
    submissions = Submissions(store)
    _, book = await submissions.take_fence(spent.id)
    assert await submissions.mark_sent(spent.id, book.fence, utc_now())
    for record in (free, spent):
        await operations.close(record.id, OperationState.FAILED, FAILURE)

    assert (await operations.admit(admission("one", idempotency_key="free"))).created
    again = await operations.admit(admission("two", idempotency_key="spent"))
    assert (again.record.id, again.created) == (spent.id, False)
    assert again.record.failure is not None
    assert again.record.failure.spent


async def test_a_key_is_forgotten_after_its_time(store: Store) -> None:
    operations = Operations(store, OneAccount(), idempotency_hours=1e-9)  # type: ignore[arg-type]
    first = await operations.admit(admission(idempotency_key="k"))

    second = await operations.admit(admission("another", idempotency_key="k"))

    assert second.record.id != first.record.id


async def test_a_chosen_id_is_a_key_too_and_says_nothing_to_others(operations: Operations) -> None:
    first = await operations.admit(admission(operation_id="mine"))
    again = await operations.admit(admission(operation_id="mine"))

    assert (first.record.id, again.created) == ("mine", False)
    with pytest.raises(OperationIdTakenError):
        await operations.admit(admission("other", operation_id="mine"))
    with pytest.raises(OperationIdTakenError):
        await operations.admit(admission(operation_id="mine", owner="somebody"))
    with pytest.raises(NotFoundError):
        await operations.get("mine", "somebody")


async def test_a_retry_claims_the_oldest_run_that_lost_its_caller_once(operations: Operations) -> None:
    runs = [(await operations.admit(admission())).record for _ in range(3)]
    for run in runs[:2]:
        await operations.mark_disconnected(run.id)

    claimed = [await operations.admit(admission(retry_count=1)) for _ in range(3)]

    assert [admitted.record.id for admitted in claimed[:2]] == [runs[0].id, runs[1].id]
    assert [admitted.created for admitted in claimed] == [False, False, True]


async def test_a_retry_that_is_lost_as_well_can_be_claimed_again(operations: Operations) -> None:
    run = (await operations.admit(admission())).record
    await operations.mark_disconnected(run.id)
    await operations.admit(admission(retry_count=1))
    await operations.mark_disconnected(run.id)

    assert (await operations.admit(admission(retry_count=2))).record.id == run.id


VISION = admission_of(OperationKind.VISION, VisionRequest(prompt="what is it?"))


async def lose(operations: Operations, store: Store, request: Admission, *, seconds_ago: float = 0) -> str:
    """A run whose caller has gone."""
    run = (await operations.admit(request)).record
    await operations.mark_disconnected(run.id)
    if seconds_ago:
        then = utc_now() - timedelta(seconds=seconds_ago)
        await store.write(
            lambda conn: conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == run.id).values(disconnected_at=then))
        )
    return run.id


async def test_a_first_try_an_old_run_and_a_detached_run_are_not_claimed(operations: Operations, store: Store) -> None:
    await lose(operations, store, replace(VISION, detached=True))
    await lose(operations, store, VISION, seconds_ago=200)

    assert (await operations.admit(replace(VISION, retry_count=1))).created
    await lose(operations, store, VISION)
    assert (await operations.admit(VISION)).created


@pytest.mark.parametrize("seconds_ago", [0, 200])
async def test_an_equal_picture_joins_a_run_that_goes_on_without_its_caller(
    operations: Operations, store: Store, seconds_ago: float
) -> None:
    lost = await lose(operations, store, admission(), seconds_ago=seconds_ago)

    joined, another = [await operations.admit(admission()) for _ in range(2)]

    assert (joined.record.id, joined.created, another.created) == (lost, False, True)


async def test_an_equal_picture_joins_no_run_that_is_watched_ended_cancelled_or_somebody_elses(
    operations: Operations, store: Store
) -> None:
    await operations.admit(admission())
    ended = await lose(operations, store, admission())
    await operations.close(ended, OperationState.COMPLETED)
    cancelled = await lose(operations, store, admission("other"))
    await operations.request_cancel(cancelled, "primary")
    await lose(operations, store, admission(owner="somebody"))
    await lose(operations, store, admission(accounts=("one",)))
    await lose(operations, store, admission(detached=True))

    assert (await operations.admit(admission())).created
    assert (await operations.admit(admission("other"))).created


@pytest.mark.parametrize("own", [{"idempotency_key": "k"}, {"operation_id": "mine"}, {"rerun_of": "first"}])
async def test_whatever_names_itself_joins_nothing(operations: Operations, store: Store, own: dict[str, str]) -> None:
    await lose(operations, store, admission())

    assert (await operations.admit(admission(retry_count=1, **own))).created


async def test_a_rerun_and_what_it_repeats_name_each_other(operations: Operations) -> None:
    first = (await operations.admit(admission())).record
    again = [(await operations.admit(admission(rerun_of=first.id))).record for _ in range(2)]

    assert [record.rerun_of for record in again] == [first.id, first.id]
    assert (await operations.get(first.id, "primary")).reruns == (again[0].id, again[1].id)


def test_the_digest_ignores_the_order_of_fields_and_nothing_else() -> None:
    digest = request_digest("/a", {"prompt": "x", "size": "1:1"})

    assert digest == request_digest("/a", {"size": "1:1", "prompt": "x"})
    assert digest != request_digest("/b", {"prompt": "x", "size": "1:1"})
    assert digest != request_digest("/a", {"prompt": "x", "size": "1:2"})
    assert len(digest) == 64


async def test_what_nobody_could_ever_serve_is_refused_and_leaves_nothing_behind(store: Store) -> None:
    plus = Capabilities("plus", ("auto", "gpt-5-5"), {})
    operations = Operations(store, OneAccount(capabilities=plus))  # type: ignore[arg-type]
    request = VisionRequest(prompt="What is it?", slug="gpt-nonsense")
    asked = admission_of(OperationKind.VISION, request, idempotency_key="once")

    with pytest.raises(UnsupportedModelError, match="no account's plan offers gpt-nonsense"):
        await operations.admit(asked)

    assert (await operations.list("primary")).items == ()
    assert await store.read(lambda conn: conn.exec_driver_sql("SELECT count(*) FROM idempotency_keys").scalar()) == 0


async def test_an_answer_that_is_there_is_given_whatever_became_of_the_accounts(store: Store) -> None:
    asked = admission("a heron", idempotency_key="once")
    first = await Operations(store, OneAccount()).admit(asked)  # type: ignore[arg-type]
    off = OneAccount(limits={Bucket.IMAGE: 0})

    again = await Operations(store, off).admit(asked)  # type: ignore[arg-type]
    with pytest.raises(FeatureSwitchedOffError, match="no slots for image"):
        await Operations(store, off).admit(admission("another heron"))  # type: ignore[arg-type]

    assert (again.created, again.record.id) == (False, first.record.id)


async def test_the_line_knows_the_strategy_that_counts(store: Store) -> None:
    operations = Operations(store, OneAccount(), strategy=Strategy.WEIGHTED)  # type: ignore[arg-type]
    await operations.admit(admission("one"))

    (ticket,) = await store.read(tickets.waiting)
    assert Needs.model_validate_json(ticket.needs).strategy is Strategy.WEIGHTED
