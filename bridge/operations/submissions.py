"""The journal as activities use it: each call is one durable transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, update

from bridge.operations import journal, states
from bridge.operations.journal import Journal
from bridge.operations.rows import OPERATIONS, load
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationRecord, OperationState
from core.errors import NotFoundError

T = TypeVar("T")


class Submissions:
    """The journals of all operations (docs/architecture.md, "Once and only once")."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self, operation_id: str) -> Journal:
        """The journal as it stands."""
        return await self._store.read(lambda conn: journal.read(conn, operation_id))

    async def open(self, operation_id: str) -> tuple[OperationRecord, Journal]:
        """Row and journal as they stand.

        Raises:
            NotFoundError: there is no such operation.
        """
        return await self._store.read(lambda conn: (_record(conn, operation_id), journal.read(conn, operation_id)))

    async def take_fence(self, operation_id: str) -> tuple[OperationRecord, Journal]:
        """Begin an attempt; every earlier one loses its right to send and to write.

        Raises:
            NotFoundError: there is no such operation.
        """

        def work(conn: Connection) -> tuple[OperationRecord, Journal]:
            conn.execute(
                update(OPERATIONS)
                .where(OPERATIONS.c.id == operation_id, OPERATIONS.c.started_at.is_(None))
                .values(started_at=utc_now())
            )
            record = _record(conn, operation_id)
            return record, journal.take_fence(conn, operation_id)

        return await self._write(work)

    async def mark_sent(self, operation_id: str, fence: int, now: datetime) -> bool:
        """Claim the right to send; `False`: the POST may not leave."""
        return await self._write(lambda conn: journal.mark_sent(conn, operation_id, fence, now))

    async def clear_sent(self, operation_id: str, fence: int) -> bool:
        """Note the proof that upstream does not have the turn; `False` when a later attempt holds the fence."""
        return await self._write(lambda conn: journal.clear_sent(conn, operation_id, fence))

    async def learn(
        self,
        operation_id: str,
        fence: int | None,
        *,
        conversation_id: str | None = None,
        image_task_id: str | None = None,
    ) -> Journal | None:
        """Keep upstream's ids; `None` when a later attempt holds the fence."""
        return await self._write(
            lambda conn: journal.learn(
                conn, operation_id, fence, conversation_id=conversation_id, image_task_id=image_task_id
            )
        )

    async def count_failure(self, operation_id: str) -> int:
        """One more failure of upstream; returns how many there were since it last answered."""
        return await self._write(lambda conn: journal.count_failure(conn, operation_id))

    async def forget_failures(self, operation_id: str) -> None:
        """Upstream has answered."""
        await self._write(lambda conn: journal.forget_failures(conn, operation_id))

    async def request_cancel(self, operation_id: str) -> Journal:
        """Mark the cancel: nothing is sent any more."""
        return await self._write(lambda conn: journal.request_cancel(conn, operation_id, utc_now()))

    async def record_stop(self, operation_id: str, *, result: dict[str, Any], error: str | None = None) -> Journal:
        """Keep what a cancel did; with a conversation's answer in `result`, upstream has acknowledged the stop."""
        stopped_at = utc_now() if "conversation" in result else None
        return await self._write(
            lambda conn: journal.record_stop(conn, operation_id, result=result, error=error, stopped_at=stopped_at)
        )

    async def begin_saving(self, operation_id: str) -> tuple[OperationRecord, Journal]:
        """Move the operation on to `saving`.

        Raises:
            NotFoundError: there is no such operation.
        """

        def work(conn: Connection) -> tuple[OperationRecord, Journal]:
            record = _record(conn, operation_id)
            states.advance(conn, operation_id, OperationState.SAVING)
            return record, journal.read(conn, operation_id)

        return await self._write(work)

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._store.write(work, durable=True)


def _record(conn: Connection, operation_id: str) -> OperationRecord:
    record = load(conn, operation_id)
    if record is None:
        raise NotFoundError("There is no operation of this id.", param="operation_id")
    return record
