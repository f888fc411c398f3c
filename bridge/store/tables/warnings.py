"""What operators were warned of."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class ExpiryWarningRow(SQLModel, table=True):
    """A warning that was given, so that no other run, process or restart gives it again.

    `stage` is one of `bridge.accounts.forecast`.
    """

    __tablename__ = "expiry_warnings"

    account: str = Field(primary_key=True, max_length=64)
    capture_sha256: str = Field(primary_key=True)
    stage: str = Field(primary_key=True)
    at: datetime = Field(sa_type=UtcTime)
