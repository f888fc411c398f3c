"""Idempotency keys."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class IdempotencyRow(SQLModel, table=True):
    """A key of one API key and route, the request it stands for and the operation that answers it."""

    __tablename__ = "idempotency_keys"

    owner: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: str
    operation_id: str
    expires_at: datetime = Field(sa_type=UtcTime, index=True)
