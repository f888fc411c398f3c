"""Slots that the operator set while the bridge runs."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class SlotLimitRow(SQLModel, table=True):
    """The slots of one bucket for a plan or an account; `scope` says which of them `name` is."""

    __tablename__ = "slot_limits"

    bucket: str = Field(primary_key=True)
    scope: str = Field(primary_key=True)
    name: str = Field(primary_key=True)
    slots: int
    updated_at: datetime = Field(sa_type=UtcTime)
