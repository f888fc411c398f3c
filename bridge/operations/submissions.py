"""The journal as activities use it: each call is one durable transaction of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, select, update

from bridge.operations import journal, pausing, previews, states, uploads
from bridge.operations.journal import Journal
from bridge.operations.rows import OPERATIONS, load
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationRecord, OperationState
from core.errors import AccountQuarantinedError, NotFoundError
from provider.interface.research import ResearchHandle

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
        research: ResearchHandle | None = None,
    ) -> Journal | None:
        """Keep upstream's ids; `None` when a later attempt holds the fence."""
        return await self._write(
            lambda conn: journal.learn(
                conn,
                operation_id,
                fence,
                conversation_id=conversation_id,
                image_task_id=image_task_id,
                research=research,
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
        """Keep what a cancel did; with a conversation's answer and no error, upstream has acknowledged the stop."""
        stopped_at = utc_now() if "conversation" in result and error is None else None
        return await self._write(
            lambda conn: journal.record_stop(conn, operation_id, result=result, error=error, stopped_at=stopped_at)
        )

    async def wait_for_capture(self, operation_id: str, refusal: AccountQuarantinedError) -> None:
        """Say that the operation waits until its account may be used again."""
        await self._write(lambda conn: pausing.wait(conn, operation_id, refusal))

    async def go_on(self, record: OperationRecord) -> None:
        """The account of an operation may be used; where it had waited for that, its row says so no more."""
        if record.skipped:
            await self._write(lambda conn: pausing.go_on(conn, record.id))

    async def tell_quota(self, operation_id: str, remaining: dict[str, float]) -> None:
        """Keep what upstream says is left of each feature; newer words about a feature replace older ones."""

        def work(conn: Connection) -> None:
            known = conn.execute(select(OPERATIONS.c.quota).where(OPERATIONS.c.id == operation_id)).scalar_one()
            told = {**(known or {}), **remaining}
            conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id).values(quota=told))

        await self._store.write(work)

    async def wants_preview(self, operation_id: str, asset_id: str, most: int) -> bool:
        """Whether the log still takes this preview, of `most` in all."""
        return await self._store.read(lambda conn: previews.wanted(conn, operation_id, asset_id, most))

    async def tell_preview(
        self, operation_id: str, fence: int | None, asset_id: str, facts: dict[str, Any], *, most: int
    ) -> None:
        """Log a preview that is kept; nothing where the log does not take it any more."""
        await self._store.write(lambda conn: previews.tell(conn, operation_id, fence, asset_id, facts, most=most))

    async def begin_upload(self, operation_id: str, position: int, account: str) -> str | None:
        """Move the operation on to `uploading`; the file id of an input that lies on the account already."""

        def work(conn: Connection) -> str | None:
            uploads.begin(conn, operation_id)
            return uploads.find(conn, operation_id, position, account)

        return await self._write(work)

    async def keep_upload(self, operation_id: str, position: int, account: str, file_id: str, *, total: int) -> bool:
        """Note where an input lies upstream; `False` when the operation has another account by now."""
        return await self._write(lambda conn: uploads.keep(conn, operation_id, position, account, file_id, total))

    async def uploads(self, operation_id: str, account: str) -> tuple[str, ...]:
        """The file ids of the operation's inputs on an account, in the order of their positions."""
        return await self._store.read(lambda conn: uploads.of_account(conn, operation_id, account))

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
