"""The line of operations that wait for an account; the place in it is the admission's sequence number."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.accounts.leases import Transaction
from bridge.store.types import to_microseconds
from core.contracts.operations import OperationState, SkippedAccount


@dataclass(frozen=True, slots=True)
class Ticket:
    """One place in the line; `needs` and `skipped` are JSON texts, whose meaning is the router's."""

    operation_id: str
    needs: str
    skipped: str


def waiting(conn: Transaction) -> list[Ticket]:
    """Everybody in line, first come first."""
    rows = conn.exec_driver_sql("SELECT operation_id, needs, skipped FROM tickets ORDER BY sequence")
    return [Ticket(*row) for row in rows]


def any_waiting(conn: Transaction) -> bool:
    """Whether anybody is in line."""
    return conn.exec_driver_sql("SELECT 1 FROM tickets LIMIT 1").scalar() is not None


def take_place(conn: Transaction, *, operation_id: str, sequence: int, needs: str, now: datetime) -> None:
    """Get in line; whoever is in line already keeps the place."""
    conn.exec_driver_sql(
        "INSERT INTO tickets (operation_id, sequence, needs, skipped, created_at) VALUES (?, ?, ?, '[]', ?)"
        " ON CONFLICT (operation_id) DO NOTHING",
        (operation_id, sequence, needs, to_microseconds(now)),
    )


def served(conn: Transaction, *, operation_id: str, account: str, route: str) -> None:
    """Leave the line with an account; the operation's row names it, and how it was chosen."""
    conn.exec_driver_sql("DELETE FROM tickets WHERE operation_id = ?", (operation_id,))
    conn.exec_driver_sql(
        "UPDATE operations SET account = ?, route = ?, skipped = '[]' WHERE id = ?", (account, route, operation_id)
    )


def passed_over(conn: Transaction, ticket: Ticket, skipped: Sequence[SkippedAccount]) -> None:
    """Keep on the ticket and in the operation's row why nobody serves it; writes only what is new."""
    text = json.dumps([reason.model_dump(mode="json") for reason in skipped])
    if text == ticket.skipped:
        return
    conn.exec_driver_sql("UPDATE tickets SET skipped = ? WHERE operation_id = ?", (text, ticket.operation_id))
    conn.exec_driver_sql("UPDATE operations SET skipped = ? WHERE id = ?", (text, ticket.operation_id))


def skipped_of(conn: Transaction, operation_id: str) -> tuple[SkippedAccount, ...]:
    """Why the operation in line was passed over the last time; empty when it is not in line."""
    text = conn.exec_driver_sql("SELECT skipped FROM tickets WHERE operation_id = ?", (operation_id,)).scalar()
    return tuple(SkippedAccount.model_validate(reason) for reason in json.loads(text or "[]"))


def is_over(conn: Transaction, operation_id: str) -> bool:
    """Whether the operation's row is terminal, so that it needs no account any more."""
    state = conn.exec_driver_sql("SELECT state FROM operations WHERE id = ?", (operation_id,)).scalar()
    return state is not None and OperationState(state).terminal
