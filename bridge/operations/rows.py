"""Rows of operations as contracts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, Table, select

from bridge.files import artifacts
from bridge.store.tables import OperationRow, SubmissionRow
from core.contracts.operations import OperationRecord, OperationState

OPERATIONS: Table = OperationRow.metadata.tables[str(OperationRow.__tablename__)]
SUBMISSIONS: Table = SubmissionRow.metadata.tables[str(SubmissionRow.__tablename__)]
TERMINAL = tuple(state.value for state in OperationState if state.terminal)


def selection() -> Select[Any]:
    """Every column of an operation, and the conversation that its journal knows."""
    return select(OPERATIONS, SUBMISSIONS.c.conversation_id).join(
        SUBMISSIONS, SUBMISSIONS.c.operation_id == OPERATIONS.c.id, isouter=True
    )


def records(conn: Connection, rows: Sequence[Row[Any]]) -> tuple[OperationRecord, ...]:
    """The rows of a `selection`, in their order, each with its artifacts."""
    kept = artifacts.of_operations(conn, [row.id for row in rows])
    return tuple(OperationRecord.model_validate({**row._mapping, "artifacts": kept.get(row.id, ())}) for row in rows)


def load(conn: Connection, operation_id: str) -> OperationRecord | None:
    """One operation, whoever owns it."""
    rows = conn.execute(selection().where(OPERATIONS.c.id == operation_id)).all()
    return records(conn, rows)[0] if rows else None
