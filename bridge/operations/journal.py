"""The submission journal: what was sent upstream for an operation, so that nothing is ever sent twice.

Every function runs within a writing transaction. Those that take a `fence` change nothing, and say so, when a later
attempt holds a higher one.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from bridge.operations import states
from bridge.operations.rows import OPERATIONS, RESEARCHES, SUBMISSIONS
from core.clock import utc_now
from core.contracts.operations import OperationKind, OperationProgress, OperationState
from provider.interface.research import ResearchHandle


@dataclass(frozen=True, slots=True)
class Journal:
    """One operation's journal as it stood within the transaction that read it.

    Attributes:
        fence: number of the attempt that may send and write.
        sent_at: when a submission left; `None` when none did, or when it was proven that upstream has none.
        stopped_at: when upstream acknowledged a stop.
        upstream_failures: failures of upstream since it last answered.
        research: what the operation's research is followed by, once upstream has named it.
    """

    operation_id: str
    account: str | None
    fence: int
    sent_at: datetime | None
    cancel_requested_at: datetime | None
    upstream_failures: int
    conversation_id: str | None
    image_task_id: str | None
    stopped_at: datetime | None
    last_event: int = 0
    kind: OperationKind = OperationKind.IMAGE
    research: ResearchHandle | None = None

    @property
    def sent(self) -> bool:
        """Upstream has the turn, or may have it."""
        return self.sent_at is not None or self.conversation_id is not None


def read(conn: Connection, operation_id: str) -> Journal:
    """The journal as it stands."""
    row = conn.execute(
        select(SUBMISSIONS, OPERATIONS.c.last_event, OPERATIONS.c.kind)
        .join(OPERATIONS, OPERATIONS.c.id == SUBMISSIONS.c.operation_id)
        .where(SUBMISSIONS.c.operation_id == operation_id)
    ).one()
    return Journal(**row._mapping, research=_research(conn, operation_id, row.conversation_id))


def take_fence(conn: Connection, operation_id: str) -> Journal:
    """Begin an attempt: every earlier one loses its right to send. The account is fixed while something is sent."""
    before = read(conn, operation_id)
    row = conn.execute(select(OPERATIONS.c.account).where(OPERATIONS.c.id == operation_id)).one()
    account = before.account if before.sent and before.account else row.account
    fence = before.fence + 1
    _write(conn, operation_id, fence=fence, account=account)
    unfinished = OPERATIONS.c.finished_at.is_(None)
    conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id, unfinished).values(attempts=fence))
    states.advance(conn, operation_id, OperationState.SUBMITTING, fence=fence)
    return read(conn, operation_id)


def mark_sent(conn: Connection, operation_id: str, fence: int, now: datetime) -> bool:
    """Claim the right to send, immediately before the POST; `False`: it may not leave.

    That is so when a later attempt holds the fence, when a cancel is asked, when something was sent before, and when
    the operation has ended.
    """
    changed = conn.execute(
        update(SUBMISSIONS)
        .where(
            SUBMISSIONS.c.operation_id == operation_id,
            SUBMISSIONS.c.fence == fence,
            SUBMISSIONS.c.sent_at.is_(None),
            SUBMISSIONS.c.conversation_id.is_(None),
            SUBMISSIONS.c.cancel_requested_at.is_(None),
            select(OPERATIONS.c.finished_at).where(OPERATIONS.c.id == operation_id).scalar_subquery().is_(None),
        )
        .values(sent_at=now)
    )
    return changed.rowcount == 1


def clear_sent(conn: Connection, operation_id: str, fence: int) -> bool:
    """Note that upstream was proven not to have the turn, so that it may be sent again."""
    return _write(conn, operation_id, guard=fence, sent_at=None)


def learn(
    conn: Connection,
    operation_id: str,
    fence: int | None,
    *,
    conversation_id: str | None = None,
    image_task_id: str | None = None,
    research: ResearchHandle | None = None,
) -> Journal | None:
    """Keep upstream's ids, and move the operation to `running`; `None` when a later attempt holds the fence.

    A research stays in `submitting`: it begins to run when its plan does, which whoever follows it sees.
    """
    known = {"conversation_id": conversation_id, "image_task_id": image_task_id}
    values: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    if research is not None:
        values["conversation_id"] = research.conversation_id
        if _keep_research(conn, operation_id, fence, research):
            # A stop that was acknowledged before did not reach what has only now become known.
            values["stopped_at"] = None
    if not _write(conn, operation_id, guard=fence, upstream_failures=0, **values):
        return None
    kind = conn.execute(select(OPERATIONS.c.kind).where(OPERATIONS.c.id == operation_id)).scalar_one()
    if kind != OperationKind.RESEARCH:
        states.advance(conn, operation_id, OperationState.RUNNING, data=values, fence=fence)
    if image_task_id is not None:
        states.progress(conn, operation_id, OperationProgress(phase="drawing"), key=f"task:{image_task_id}")
    return read(conn, operation_id)


def count_failure(conn: Connection, operation_id: str) -> int:
    """One more failure of upstream; returns how many there were since it last answered."""
    failures = read(conn, operation_id).upstream_failures + 1
    _write(conn, operation_id, upstream_failures=failures)
    return failures


def forget_failures(conn: Connection, operation_id: str) -> None:
    """Upstream has answered."""
    _write(conn, operation_id, upstream_failures=0)


def request_cancel(conn: Connection, operation_id: str, now: datetime) -> Journal:
    """Mark the cancel: from this transaction on nothing is sent. The first mark's time stays."""
    conn.execute(
        update(SUBMISSIONS)
        .where(SUBMISSIONS.c.operation_id == operation_id, SUBMISSIONS.c.cancel_requested_at.is_(None))
        .values(cancel_requested_at=now)
    )
    conn.execute(update(OPERATIONS).where(OPERATIONS.c.id == operation_id).values(cancel_requested=True))
    return read(conn, operation_id)


def record_stop(
    conn: Connection, operation_id: str, *, result: dict[str, Any], error: str | None, stopped_at: datetime | None
) -> Journal:
    """Keep what a cancel did, in the words of docs/operations.md, and when upstream acknowledged it."""
    conn.execute(
        update(OPERATIONS)
        .where(OPERATIONS.c.id == operation_id)
        .values(last_cancel_result=result, last_cancel_error=error)
    )
    if stopped_at is not None:
        _write(conn, operation_id, stopped_at=stopped_at, upstream_failures=0)
    return read(conn, operation_id)


def _write(conn: Connection, operation_id: str, *, guard: int | None = None, **values: Any) -> bool:
    statement = update(SUBMISSIONS).where(SUBMISSIONS.c.operation_id == operation_id)
    if guard is not None:
        statement = statement.where(SUBMISSIONS.c.fence == guard)
    return conn.execute(statement.values(**values)).rowcount == 1


def _research(conn: Connection, operation_id: str, conversation_id: str | None) -> ResearchHandle | None:
    row = conn.execute(
        select(RESEARCHES.c.message_id, RESEARCHES.c.widget_session_id, RESEARCHES.c.session_id).where(
            RESEARCHES.c.operation_id == operation_id, RESEARCHES.c.message_id.is_not(None)
        )
    ).one_or_none()
    return None if row is None or conversation_id is None else ResearchHandle(conversation_id, **row._mapping)


def _keep_research(conn: Connection, operation_id: str, fence: int | None, handle: ResearchHandle) -> bool:
    """Keep a research's ids; whether they are news. An id that upstream has named once is never forgotten."""
    book = read(conn, operation_id)
    if fence is not None and book.fence != fence:
        return False
    known = {
        "message_id": handle.message_id,
        "widget_session_id": handle.widget_session_id,
        "session_id": handle.session_id,
    }
    values: dict[str, Any] = {name: value for name, value in known.items() if value is not None}
    changed = conn.execute(
        update(RESEARCHES).where(RESEARCHES.c.operation_id == operation_id).values(**values, updated_at=utc_now())
    )
    if changed.rowcount == 0:
        conn.execute(
            insert(RESEARCHES).values(operation_id=operation_id, offset="0", edits=0, updated_at=utc_now(), **values)
        )
    return _research(conn, operation_id, handle.conversation_id) != book.research
