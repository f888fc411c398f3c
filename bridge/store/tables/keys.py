"""API keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class ApiKeyRow(SQLModel, table=True):
    """One API key; the fields are those of `core.contracts.keys.KeyRecord`.

    `digest` is the SHA-256 of the key as hex: the key itself is random, is shown once and is not kept. `models` and
    `accounts` are the only ones it may name, empty for all of them.
    """

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    digest: str = Field(unique=True)
    hint: str
    name: str
    scopes: list[str] = Field(sa_type=JSON)
    models: list[str] = Field(sa_type=JSON)
    accounts: list[str] = Field(sa_type=JSON)
    per_minute: int | None = None
    per_day: int | None = None
    created_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcTime)
    day: int | None = None
    day_count: int = 0
