"""Operations are counted when they end, and once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection

from bridge.operations.records import Operations
from bridge.store.engine import Store
from bridge.usage.counters import UsageCounters
from core.clock import utc_now
from core.contracts.operations import OperationKind, OperationState
from core.contracts.texts import ResponseMessage, ResponseRequest
from tests.bridge.operations.test_admission import OneAccount
from tests.fixtures.durable import admission, admission_of


async def test_an_operation_that_ends_twice_is_counted_once(store: Store) -> None:
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    for state in (OperationState.COMPLETED, OperationState.FAILED, OperationState.CANCELLED):
        record = (await operations.admit(admission(f"a heron that is {state}"))).record
        for _ in range(2):
            await operations.close(record.id, state)

    told = await UsageCounters(store).report(since=utc_now() - timedelta(hours=1), by=("kind", "model"))
    assert [(c.kind, c.model, c.requests, c.failures) for c in told] == [("image", "auto", 3, 1)]


async def test_what_was_sent_counts_its_estimated_tokens(store: Store) -> None:
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    messages = tuple(
        ResponseMessage(role="user", text=text)
        for text in ("the quick brown fox jumps over the lazy dog", "and sleeps")
    )
    for sent in (True, False):
        asked = admission_of(OperationKind.RESPONSE, ResponseRequest(messages=messages))
        record = (await operations.admit(asked)).record
        if sent:
            await store.write(lambda conn, id_=record.id: _sent(conn, id_))  # type: ignore[misc]
        await operations.close(record.id, OperationState.COMPLETED, text="a lazy dog")

    (told,) = await UsageCounters(store).report(since=utc_now() - timedelta(hours=1), by=("kind",))
    assert (told.requests, told.prompt_tokens, told.completion_tokens) == (2, 4 + 9 + 4 + 2, 3)


def _sent(conn: Connection, operation_id: str) -> None:
    conn.exec_driver_sql("UPDATE submissions SET sent_at = 1 WHERE operation_id = ?", (operation_id,))
