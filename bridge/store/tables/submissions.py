"""The submission journal: what was sent upstream for an operation, so that nothing is ever sent twice."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class SubmissionRow(SQLModel, table=True):
    """The journal of one operation (docs/architecture.md, "Once and only once").

    `fence` counts the attempts; only the attempt that holds the current number may send or write. `sent_at` is set
    immediately before the POST and cleared only by a proof that upstream did not accept it.
    """

    __tablename__ = "submissions"

    operation_id: str = Field(primary_key=True)
    account: str | None = None
    fence: int = 0
    sent_at: datetime | None = Field(default=None, sa_type=UtcTime)
    cancel_requested_at: datetime | None = Field(default=None, sa_type=UtcTime)
    upstream_failures: int = 0
    conversation_id: str | None = None
    image_task_id: str | None = None
    stopped_at: datetime | None = Field(default=None, sa_type=UtcTime)
