"""Results in words, and answers that a key keeps."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class ResultRow(SQLModel, table=True):
    """An operation's result in words. `complete`: nothing more is to come."""

    __tablename__ = "results"

    operation_id: str = Field(primary_key=True)
    text: str
    complete: bool = False
    updated_at: datetime = Field(sa_type=UtcTime)


class AnswerRow(SQLModel, table=True):
    """A keyed chat: reserved by the process that runs it, then its outcome, for the life of its idempotency key.

    `sealed` is encrypted with the vault's key and `None` while the chat runs; only then `process_id` is set.
    """

    __tablename__ = "kept_answers"

    owner: str = Field(primary_key=True)
    route: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    digest: str
    process_id: str | None = None
    sealed: str | None = None
    expires_at: datetime = Field(sa_type=UtcTime, index=True)
