"""Removing operations that have ended, with their files or without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, update

from bridge import audit
from bridge.files.artifacts import ARTIFACTS
from bridge.files.previews import Previews
from bridge.files.storage import DiskStorage
from bridge.idempotency import records as keys
from bridge.operations.events import EVENTS
from bridge.operations.rows import OPERATIONS, RESEARCHES, RESULTS, SUBMISSIONS, group, load
from bridge.operations.uploads import UPLOADS
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.operations import OperationRecord
from core.errors import NotFoundError, OperationNotFinishedError

_OF_OPERATIONS = (EVENTS, RESULTS, RESEARCHES, UPLOADS, SUBMISSIONS)


class Removal:
    """Forgets operations for good.

    Args:
        root: the folder of the artifacts.
    """

    def __init__(self, store: Store, root: Path) -> None:
        self._store = store
        self._storage = DiskStorage(root)
        self._previews = Previews(root)

    async def remove(self, operation_id: str, owner: str | None, *, files: bool, actor: str) -> None:
        """Remove an ended operation and its members: rows, events, words, journals, uploads and idempotency keys.

        With `files` what they made goes as well, the bytes first: after a crash in between the operation is still
        there, and can be removed again. Without them its files stay where they are, under the same links. Its id is
        never given out again.

        Args:
            actor: who does it, for the audit log.

        Raises:
            NotFoundError: there is none, or it is another owner's.
            OperationNotFinishedError: it, or one of its members, has not ended.
        """
        found = await self._store.read(lambda conn: _all_ended(conn, operation_id, owner))
        for artifact in (artifact for record in found for artifact in record.artifacts) if files else ():
            await self._storage.remove(artifact.path)
        for record in found:
            await self._previews.forget(record.id)

        def work(conn: Connection) -> None:
            for record in _all_ended(conn, operation_id, owner):
                remove(conn, record.id, owner, files=files)
                told = {"files_removed": files}
                audit.record(conn, actor, "operation.deleted", record.id, _told(record), told)

        await self._store.write(work, durable=True)


def remove(conn: Connection, operation_id: str, owner: str | None, *, files: bool) -> None:
    """Remove an ended operation's rows within the caller's transaction; its members go on by themselves.

    Raises:
        NotFoundError, OperationNotFinishedError: as there.
    """
    _ended(load(conn, operation_id), owner)
    for table in _OF_OPERATIONS:
        conn.execute(delete(table).where(table.c.operation_id == operation_id))
    own = ARTIFACTS.c.operation_id == operation_id
    conn.execute(delete(ARTIFACTS).where(own) if files else update(ARTIFACTS).where(own).values(operation_id=None))
    conn.execute(update(OPERATIONS).where(OPERATIONS.c.rerun_of == operation_id).values(rerun_of=None))
    conn.execute(update(OPERATIONS).where(OPERATIONS.c.lead == operation_id).values(lead=None))
    keys.free(conn, operation_id)
    keys.retire(conn, operation_id, now=utc_now())
    conn.execute(delete(OPERATIONS).where(OPERATIONS.c.id == operation_id))


def _all_ended(conn: Connection, operation_id: str, owner: str | None) -> list[OperationRecord]:
    return [_ended(record, owner) for record in group(conn, operation_id) or (None,)]


def _told(record: OperationRecord) -> dict[str, Any]:
    return {
        "kind": record.kind.value,
        "state": record.state.value,
        "owner": record.owner,
        "account": record.account,
    }


def _ended(record: OperationRecord | None, owner: str | None) -> OperationRecord:
    if record is None or owner not in (None, record.owner):
        raise NotFoundError("There is no operation of this id.", param="operation_id")
    if not record.state.terminal:
        raise OperationNotFinishedError("Only an operation that has ended can be removed.")
    return record
