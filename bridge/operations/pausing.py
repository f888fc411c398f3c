"""Operations whose account must not be used until its capture is refreshed: their row and their log say so."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from bridge.operations import events
from bridge.operations.rows import OPERATIONS, TERMINAL
from bridge.routing.reasons import skipped
from core.contracts.operations import OperationProgress
from core.errors import AccountQuarantinedError

_GOES_ON = OperationProgress(phase="going_on", message="The capture is refreshed; the work goes on.")


def wait(conn: Connection, operation_id: str, refusal: AccountQuarantinedError) -> None:
    """Say what the operation waits for; nothing new happens where that is said already, or where it has ended."""
    skip = skipped(refusal.account, refusal.cause).model_dump(mode="json")
    row = conn.execute(select(OPERATIONS.c.skipped, OPERATIONS.c.state).where(OPERATIONS.c.id == operation_id)).one()
    if row.skipped == [skip] or row.state in TERMINAL:
        return
    made = OperationProgress(phase="waiting_for_capture", message=refusal.message).model_dump(mode="json")
    _tell(conn, operation_id, made, skipped=[skip], progress=made)


def go_on(conn: Connection, operation_id: str) -> None:
    """The account may be used again."""
    _tell(conn, operation_id, _GOES_ON.model_dump(mode="json"), skipped=[], progress=None)


def _tell(conn: Connection, operation_id: str, made: dict[str, Any], **values: Any) -> None:
    last: int = conn.execute(select(OPERATIONS.c.last_event).where(OPERATIONS.c.id == operation_id)).scalar_one()
    if events.append(conn, operation_id, f"capture:{last}", "progress", made) is not None:
        conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id).values(**values))
