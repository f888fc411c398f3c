"""The end of an operation, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from bridge.accounts.account import Account
from bridge.files import artifacts
from bridge.idempotency import records as keys
from bridge.operations import events, journal
from bridge.operations import results as words
from bridge.operations.rows import OPERATIONS, TERMINAL
from bridge.operations.turns import messages_of
from bridge.routing.grants import grant_next, release_operation
from bridge.usage.counters import count_ended
from bridge.usage.tokens import estimate
from core.contracts.artifacts import Artifact
from core.contracts.failure import Failure
from core.contracts.operations import OperationKind, OperationState
from core.contracts.steps import Closed


@dataclass(frozen=True, slots=True)
class Ending:
    """How an operation ended, and which waiting operations were granted an account by that."""

    closed: Closed
    granted: tuple[str, ...] = ()


def close(
    conn: Connection,
    operation_id: str,
    state: OperationState,
    failure: Failure | None,
    *,
    results: Sequence[Artifact],
    text: str | None = None,
    accounts: Sequence[Account],
    now: datetime,
) -> Ending:
    """Write the terminal record, its results and the last event, give back lease and ticket, and serve the line.

    Results are files, or words. The first close counts; a later one returns what the first one wrote. A failure of
    which the journal proves that upstream accepted nothing frees the operation's idempotency keys; where it is one of a
    group, that has to be true of all of them.
    """
    row = conn.execute(
        select(
            OPERATIONS.c.state,
            OPERATIONS.c.failure,
            OPERATIONS.c.last_event,
            OPERATIONS.c.account,
            OPERATIONS.c.owner,
            OPERATIONS.c.model,
            OPERATIONS.c.kind,
            OPERATIONS.c.request,
            OPERATIONS.c.lead,
        ).where(OPERATIONS.c.id == operation_id)
    ).one()
    if row.state in TERMINAL:
        return Ending(Closed(state=row.state, failure=row.failure, last_event=row.last_event))
    for position, artifact in enumerate(results):
        artifacts.keep(conn, artifact, row.owner, position)
    if text is not None:
        words.finish(conn, operation_id, None, text)
    sent = journal.read(conn, operation_id).sent
    if failure is not None and sent:
        failure = failure.model_copy(update={"spent": True})
    told = None if failure is None else failure.model_dump(mode="json")
    data = {"state": state.value, "account": row.account} | ({} if told is None else {"failure": told})
    number = events.append(conn, operation_id, "end", "state", data) or row.last_event
    conn.execute(
        update(OPERATIONS)
        .where(OPERATIONS.c.id == operation_id)
        .values(state=state.value, failure=told, finished_at=now, progress=None, skipped=[])
    )
    count_ended(
        conn,
        owner=row.owner,
        account=row.account,
        model=row.model,
        kind=row.kind,
        failed=state is OperationState.FAILED,
        usage=estimate(messages_of(OperationKind(row.kind), row.request), text or "") if sent else None,
        now=now,
    )
    lead = row.lead or operation_id
    if _spent_nothing(conn, lead):
        keys.free(conn, lead)
    release_operation(conn, operation_id)
    granted = grant_next(conn, accounts, now)
    return Ending(Closed(state=state, failure=failure, last_event=number), granted)


def _spent_nothing(conn: Connection, lead: str) -> bool:
    """Whether an operation and all that it leads have failed before upstream accepted anything."""
    own = or_(OPERATIONS.c.id == lead, OPERATIONS.c.lead == lead)
    states = conn.execute(select(OPERATIONS.c.id, OPERATIONS.c.state).where(own)).all()
    return all(row.state == OperationState.FAILED and not journal.read(conn, row.id).sent for row in states)
