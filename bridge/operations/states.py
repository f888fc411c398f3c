"""How an operation moves from state to state; every move is one event in the transaction of what caused it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, select, update

from bridge.operations import events
from bridge.operations.rows import OPERATIONS, SUBMISSIONS
from core.contracts.operations import OperationProgress, OperationState

_ORDER = {state.value: place for place, state in enumerate(OperationState)}
_BACK = (
    (OperationState.SUBMITTING, OperationState.WAITING_FOR_ACCOUNT),
    (OperationState.UPLOADING, OperationState.WAITING_FOR_ACCOUNT),
)


def advance(
    conn: Connection,
    operation_id: str,
    state: OperationState,
    *,
    data: dict[str, Any] | None = None,
    fence: int | None = None,
) -> int:
    """Move an operation to `state` and say so in its log; returns the number of its last event.

    Nothing happens where it is in that state, has passed it or has ended, so that a late attempt cannot move it back;
    only from `uploading` and `submitting` an operation may return to `waiting_for_account`, when an account refused
    it. `fence` is compared with the journal's where it is given.
    """
    row = conn.execute(
        select(OPERATIONS.c.state, OPERATIONS.c.last_event, OPERATIONS.c.account, SUBMISSIONS.c.fence)
        .join(SUBMISSIONS, SUBMISSIONS.c.operation_id == OPERATIONS.c.id)
        .where(OPERATIONS.c.id == operation_id)
    ).one()
    last: int = row.last_event
    if _ORDER[state] <= _ORDER[row.state] and (row.state, state) not in _BACK:
        return last
    number = events.append(
        conn,
        operation_id,
        f"{state}:{row.fence}:{last}",
        "state",
        {"state": state.value, "account": row.account, **(data or {})},
        fence=fence,
    )
    if number is None:
        return last
    conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id).values(state=state.value, progress=None))
    return number


def progress(conn: Connection, operation_id: str, made: OperationProgress, *, key: str) -> None:
    """Keep how far an operation has come, and say so in its log; once for each `key`."""
    told = made.model_dump(mode="json")
    if events.append(conn, operation_id, key, "progress", told) is not None:
        conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id).values(progress=told))
