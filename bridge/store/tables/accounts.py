"""What is remembered of an account beside its capture file."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index
from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class AccountRow(SQLModel, table=True):
    """One account. Its capture lies in the vault; a row without a capture file is not an account.

    `state` is `enabled`, `paused` or `draining`, `state_reason` what the operator said to it. `weight` is `None` while
    the plan decides it. `captured_at` is when the capture was stored. `health` is `ok` or a cause of
    docs/architecture.md (`auth_expired`, `challenge`, `blocked`, ...); `capture_sha256` is the capture the health was
    learnt of, so that a fresh capture clears it. `last_failure` is the code of the last error of upstream's that
    says nothing lasting about the account.
    """

    __tablename__ = "accounts"

    alias: str = Field(primary_key=True, max_length=64)
    plan: str | None = None
    email: str | None = None
    capture_sha256: str | None = None
    state: str = Field(default="enabled", sa_column_kwargs={"server_default": "enabled"})
    state_reason: str = Field(default="", sa_column_kwargs={"server_default": ""})
    weight: int | None = None
    tags: list[str] = Field(default_factory=list, sa_type=JSON, sa_column_kwargs={"server_default": "[]"})
    note: str = Field(default="", sa_column_kwargs={"server_default": ""})
    captured_at: datetime | None = Field(default=None, sa_type=UtcTime)
    health: str = "ok"
    health_detail: str = ""
    health_since: datetime | None = Field(default=None, sa_type=UtcTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcTime)
    last_success_at: datetime | None = Field(default=None, sa_type=UtcTime)
    last_failure: str | None = None
    last_failure_at: datetime | None = Field(default=None, sa_type=UtcTime)
    updated_at: datetime = Field(sa_type=UtcTime)


class AccountEventRow(SQLModel, table=True):
    """What happened to an account, for people; `data` holds no secret."""

    __tablename__ = "account_events"
    __table_args__ = (Index("ix_account_events_account", "account", "number"), {"sqlite_autoincrement": True})

    number: int | None = Field(default=None, primary_key=True)
    account: str = Field(max_length=64)
    at: datetime = Field(sa_type=UtcTime)
    type: str
    data: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)


class RevisionRow(SQLModel, table=True):
    """A counter that grows with every change of what it names (`accounts`), read to see whether a snapshot is old."""

    __tablename__ = "revisions"

    name: str = Field(primary_key=True)
    value: int = 0
