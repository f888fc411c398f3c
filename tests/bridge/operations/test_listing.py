"""Operations are listed newest first, a page at a time."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select

from bridge.operations.records import Operations
from bridge.operations.rows import OPERATIONS, SUBMISSIONS
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationKind, OperationState
from core.contracts.texts import ResponseMessage, ResponseRequest
from core.errors import InvalidRequestError
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission, admission_of


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, OneAccount())  # type: ignore[arg-type]


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


async def test_words_of_the_prompt_are_found_as_they_are_written(operations: Operations) -> None:
    prompts = [
        "A Heron in the reeds",
        "100% wool",
        "100 sheep",
        "snake_case",
        "snakes case",
        "x" * 1990 + " the very end",
    ]
    for prompt in prompts:
        await operations.admit(admission(prompt))

    async def found(words: str) -> list[str]:
        page = await operations.list("primary", words=words)
        return [str(record.request["prompt"]) for record in page.items]

    assert await found("heron IN") == ["A Heron in the reeds"]
    assert await found("0%") == ["100% wool"]
    assert await found("e_c") == ["snake_case"]
    assert await found("/") == []
    assert await found(" the very") == [prompts[-1]]
    assert await found("the very end") == []


async def test_a_chat_is_found_by_its_last_message(operations: Operations) -> None:
    said = (ResponseMessage(role="user", text="about tides"), ResponseMessage(role="user", text="and the moon?"))
    request = ResponseRequest(messages=said)
    made = (await operations.admit(admission_of(OperationKind.RESPONSE, request))).record

    assert [record.id for record in (await operations.list("primary", words="moon")).items] == [made.id]
    assert (await operations.list("primary", words="tides")).items == ()


def fill(conn: Connection, first: str, number: int) -> None:
    """Many copies of one operation, with their journals."""
    row = dict(conn.execute(select(OPERATIONS).where(OPERATIONS.c.id == first)).one()._mapping)
    book = dict(conn.execute(select(SUBMISSIONS).where(SUBMISSIONS.c.operation_id == first)).one()._mapping)
    del row["sequence"]
    copies = [{**row, "id": f"copy-{n}", "state": "failed"} for n in range(number)]
    conn.execute(insert(OPERATIONS), copies)
    conn.execute(insert(SUBMISSIONS), [{**book, "operation_id": f"copy-{n}"} for n in range(number)])


READS: dict[str, dict[str, Any]] = {
    "all": {},
    "kind": {"kind": OperationKind.IMAGE},
    "state": {"state": OperationState.CANCELLED},
    "no such account": {"account": "nobody"},
    "no such kind": {"kind": OperationKind.EDIT},
    "since long ago": {"since": utc_now()},
    "since later": {"since": utc_now() + timedelta(days=1)},
}


async def cost(operations: Operations, operation_id: str) -> dict[str, float]:
    """The best time of each read, in seconds; the best, because other work shares the machine."""

    async def best(read: Any) -> float:
        times = []
        for _ in range(25):
            began = time.perf_counter()
            await read()
            times.append(time.perf_counter() - began)
        return min(times)

    found = {
        name: await best(lambda query=query: operations.list("primary", limit=10, **query))
        for name, query in READS.items()
    }
    return {**found, "get": await best(lambda: operations.get(operation_id, "primary"))}


async def test_reading_costs_the_same_with_ten_kept_and_with_ten_thousand(operations: Operations, store: Store) -> None:
    made = [(await operations.admit(admission(f"number {n}"))).record.id for n in range(11)]
    await operations.close(made[5], OperationState.CANCELLED)
    few = await cost(operations, made[5])

    await store.write(lambda conn: fill(conn, made[0], 10_000))
    await asyncio.sleep(0)
    many = await cost(operations, made[5])

    half_a_millisecond = 0.0005
    slower = {name: (few[name], took) for name, took in many.items() if took > 2 * few[name] + half_a_millisecond}
    assert slower == {}
