"""Rows of operations as contracts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, Table, select

from bridge.files import artifacts
from bridge.store.tables import OperationRow, ResearchRow, ResultRow, SubmissionRow
from core.contracts.operations import Member, OperationRecord, OperationState
from core.contracts.research import ResearchFacts

OPERATIONS: Table = OperationRow.metadata.tables[str(OperationRow.__tablename__)]
SUBMISSIONS: Table = SubmissionRow.metadata.tables[str(SubmissionRow.__tablename__)]
RESEARCHES: Table = ResearchRow.metadata.tables[str(ResearchRow.__tablename__)]
RESULTS: Table = ResultRow.metadata.tables[str(ResultRow.__tablename__)]
TERMINAL = tuple(state.value for state in OperationState if state.terminal)


def selection() -> Select[Any]:
    """Every column of an operation, and the conversation that its journal knows."""
    return select(OPERATIONS, SUBMISSIONS.c.conversation_id).join(
        SUBMISSIONS, SUBMISSIONS.c.operation_id == OPERATIONS.c.id, isouter=True
    )


def records(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[OperationRecord, ...]:
    """The rows of a `selection`, in their order, each with its artifacts, reruns, members and research."""
    found = [row.id for row in rows]
    kept, again, facts = artifacts.of_operations(conn, found), _reruns(conn, found), _researches(conn, found)
    others = _members(conn, found)
    return tuple(
        OperationRecord.model_validate(
            {
                **row._mapping,
                "artifacts": kept.get(row.id, ()),
                "reruns": again.get(row.id, ()),
                "research": facts.get(row.id),
                "members": others.get(row.id, ()),
            }
        )
        for row in rows
    )


def load(conn: Connection, operation_id: str) -> OperationRecord | None:
    """One operation, whoever owns it, with what lists leave out: its words."""
    rows = conn.execute(selection().where(OPERATIONS.c.id == operation_id)).all()
    if not rows:
        return None
    return records(conn, rows)[0].model_copy(update={"text": _text(conn, operation_id)})


def group(conn: Connection, operation_id: str) -> tuple[OperationRecord, ...]:
    """An operation, and behind it those that it leads, in the order of admission; nothing where there is none."""
    lead = load(conn, operation_id)
    if lead is None:
        return ()
    others = selection().where(OPERATIONS.c.lead == operation_id).order_by(OPERATIONS.c.sequence)
    return (lead, *records(conn, conn.execute(others).all()))


def leads_unfinished() -> ColumnElement[bool]:
    """Whether a row of `OPERATIONS` leads an operation that has not ended."""
    other = OPERATIONS.alias()
    return select(other.c.id).where(other.c.lead == OPERATIONS.c.id, other.c.finished_at.is_(None)).exists()


def _text(conn: Connection, operation_id: str) -> str | None:
    text: str | None = conn.execute(
        select(RESULTS.c.text).where(RESULTS.c.operation_id == operation_id, RESULTS.c.complete.is_(True))
    ).scalar_one_or_none()
    return text


def _researches(conn: Connection, operation_ids: Sequence[str]) -> dict[str, ResearchFacts]:
    rows = conn.execute(
        select(RESEARCHES.c.operation_id, *(RESEARCHES.c[name] for name in ResearchFacts.model_fields)).where(
            RESEARCHES.c.operation_id.in_(operation_ids)
        )
    ).all()
    known = [dict(row._mapping) for row in rows]
    return {facts.pop("operation_id"): ResearchFacts.model_validate(facts) for facts in known}


def _reruns(conn: Connection, operation_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    rows = conn.execute(
        select(OPERATIONS.c.rerun_of, OPERATIONS.c.id)
        .where(OPERATIONS.c.rerun_of.in_(operation_ids))
        .order_by(OPERATIONS.c.sequence)
    )
    for first, again in rows:
        found[first] = (*found.get(first, ()), again)
    return found


def _members(conn: Connection, operation_ids: Sequence[str]) -> dict[str, tuple[Member, ...]]:
    found: dict[str, tuple[Member, ...]] = {}
    rows = conn.execute(
        select(OPERATIONS.c.lead, OPERATIONS.c.id, OPERATIONS.c.state)
        .where(OPERATIONS.c.lead.in_(operation_ids))
        .order_by(OPERATIONS.c.sequence)
    )
    for lead, operation_id, state in rows:
        found[lead] = (*found.get(lead, ()), Member(id=operation_id, state=state))
    return found
