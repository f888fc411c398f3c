"""Who holds which slot of which account, and who waits for one."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Index, SQLModel, UniqueConstraint

from bridge.store.types import UtcTime


class ProcessRow(SQLModel, table=True):
    """One run of one process; `renewed_at` is its sign of life and that of every chat lease it holds."""

    __tablename__ = "processes"

    id: str = Field(primary_key=True)
    kind: str
    host: str
    pid: int
    started_at: datetime = Field(sa_type=UtcTime)
    renewed_at: datetime = Field(sa_type=UtcTime)


class LeaseRow(SQLModel, table=True):
    """One slot of one bucket. A chat's belongs to its process, an operation's to the operation."""

    __tablename__ = "leases"
    __table_args__ = (
        Index("ix_leases_account_bucket", "account", "bucket"),
        UniqueConstraint("operation_id", "bucket", name="uq_leases_operation_bucket"),
    )

    id: str = Field(primary_key=True)
    bucket: str = Field(primary_key=True)
    account: str
    process_id: str | None = Field(default=None, index=True)
    operation_id: str | None = None
    acquired_at: datetime = Field(sa_type=UtcTime)


class TicketRow(SQLModel, table=True):
    """An operation in line for an account; its place is its admission's sequence number.

    `needs` is a `bridge.routing.needs.Needs` as JSON, `skipped` the list of core.contracts SkippedAccount as JSON.
    """

    __tablename__ = "tickets"

    operation_id: str = Field(primary_key=True)
    sequence: int = Field(index=True)
    needs: dict[str, Any] = Field(sa_type=JSON)
    skipped: list[dict[str, Any]] = Field(sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcTime)
