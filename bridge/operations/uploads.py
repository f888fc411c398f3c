"""An operation's inputs as they lie upstream: each stored once on the account that the operation holds."""

from __future__ import annotations

from sqlalchemy import Connection, Table, insert, select, update

from bridge.operations import states
from bridge.operations.rows import OPERATIONS
from bridge.store.tables import UploadRow
from core.clock import utc_now
from core.contracts.operations import OperationProgress, OperationState

UPLOADS: Table = UploadRow.metadata.tables[str(UploadRow.__tablename__)]


def begin(conn: Connection, operation_id: str) -> None:
    """Move an operation on to `uploading`; one that has come further stays where it is."""
    states.advance(conn, operation_id, OperationState.UPLOADING)


def find(conn: Connection, operation_id: str, position: int, account: str) -> str | None:
    """The file id of an input on an account, `None` where it has not been stored there."""
    found: str | None = conn.execute(
        select(UPLOADS.c.file_id).where(
            UPLOADS.c.operation_id == operation_id, UPLOADS.c.position == position, UPLOADS.c.account == account
        )
    ).scalar_one_or_none()
    return found


def keep(conn: Connection, operation_id: str, position: int, account: str, file_id: str, total: int) -> bool:
    """Note where an input lies, and say so in the log; `False` when the operation has another account by now."""
    row = conn.execute(select(OPERATIONS.c.account, OPERATIONS.c.state).where(OPERATIONS.c.id == operation_id)).one()
    if row.account != account:
        return False
    values = {"account": account, "file_id": file_id, "uploaded_at": utc_now()}
    changed = conn.execute(
        update(UPLOADS).where(UPLOADS.c.operation_id == operation_id, UPLOADS.c.position == position).values(**values)
    )
    if changed.rowcount == 0:
        conn.execute(insert(UPLOADS).values(operation_id=operation_id, position=position, **values))
    if row.state == OperationState.UPLOADING:
        done = len(of_account(conn, operation_id, account))
        made = OperationProgress(phase="uploading", done=done, total=total)
        states.progress(conn, operation_id, made, key=f"upload:{account}:{position}")
    return True


def of_account(conn: Connection, operation_id: str, account: str | None) -> tuple[str, ...]:
    """The file ids of an operation's inputs on an account, in the order of their positions."""
    rows = conn.execute(
        select(UPLOADS.c.file_id)
        .where(UPLOADS.c.operation_id == operation_id, UPLOADS.c.account == account)
        .order_by(UPLOADS.c.position)
    )
    return tuple(rows.scalars())
