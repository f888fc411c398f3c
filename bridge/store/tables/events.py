"""The event log of operations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel, UniqueConstraint

from bridge.store.types import UtcTime


class EventRow(SQLModel, table=True):
    """One event. Numbers run from 1 without gaps; `key` makes appending the same event twice one event."""

    __tablename__ = "events"
    __table_args__ = (UniqueConstraint("operation_id", "key", name="uq_events_operation_key"),)

    operation_id: str = Field(primary_key=True)
    number: int = Field(primary_key=True)
    key: str
    type: str
    at: datetime = Field(sa_type=UtcTime)
    data: dict[str, Any] = Field(sa_type=JSON)
