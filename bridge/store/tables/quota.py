"""What is known of each account's quota, and what was known of it before."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON
from sqlmodel import Field, Index, SQLModel

from bridge.store.types import UtcTime


class QuotaReadingRow(SQLModel, table=True):
    """The newest that is known of one feature of one account; `spent` counts what was taken since `at`."""

    __tablename__ = "quota_readings"

    account: str = Field(primary_key=True)
    feature: str = Field(primary_key=True)
    status: str
    remaining: float | None = None
    quota: float | None = None
    resets_at: datetime | None = Field(default=None, sa_type=UtcTime)
    description: str | None = None
    at: datetime = Field(sa_type=UtcTime)
    source: str
    spent: float = 0


class QuotaAccountRow(SQLModel, table=True):
    """What the newest limits said of an account as a whole; `model_limits` are those of models capped then."""

    __tablename__ = "quota_accounts"

    account: str = Field(primary_key=True)
    default_model: str | None = None
    model_limits: list[dict[str, str | int | None]] = Field(sa_type=JSON)
    at: datetime = Field(sa_type=UtcTime)
    source: str


class QuotaHistoryRow(SQLModel, table=True):
    """One reading that differed from the one before it."""

    __tablename__ = "quota_history"
    __table_args__ = (Index("ix_quota_history_account_feature_at", "account", "feature", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    account: str
    feature: str
    status: str
    remaining: float | None = None
    resets_at: datetime | None = Field(default=None, sa_type=UtcTime)
    at: datetime = Field(index=True, sa_type=UtcTime)
    source: str
