"""Operations: one row each, kept long after Temporal forgets."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Index, SQLModel

from bridge.store.types import UtcTime


class OperationRow(SQLModel, table=True):
    """An operation; the fields are those of `core.contracts.operations.OperationRecord`.

    `sequence` is the admission order. `disconnected_at` is when the first caller's own connection ended and `claimed`
    that a retry has taken the run over: by both a vendor SDK's retry finds the run it lost. `prompt` is the beginning
    of the request's words, to be searched. `lead` names the operation that answers for a group, in its other members.
    `route` is how it came to its account.
    """

    __tablename__ = "operations"
    __table_args__ = (
        Index("ix_operations_state_sequence", "state", "sequence"),
        Index("ix_operations_owner_sequence", "owner", "sequence"),
        Index("ix_operations_owner_kind", "owner", "kind", "sequence"),
        Index("ix_operations_owner_state", "owner", "state", "sequence"),
        Index("ix_operations_owner_account", "owner", "account", "sequence"),
        Index("ix_operations_owner_created", "owner", "created_at"),
    )

    sequence: int | None = Field(default=None, primary_key=True)
    id: str = Field(unique=True, index=True)
    kind: str
    state: str
    owner: str
    request: dict[str, Any] = Field(sa_type=JSON)
    request_digest: str = Field(index=True)
    message_id: str
    model: str
    prompt: str = ""
    account: str | None = None
    route: str = Field(default="", sa_column_kwargs={"server_default": ""})
    created_at: datetime = Field(sa_type=UtcTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcTime)
    progress: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    skipped: list[dict[str, Any]] = Field(default_factory=list, sa_type=JSON)
    failure: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    quota: dict[str, float] | None = Field(default=None, sa_type=JSON)
    rerun_of: str | None = Field(default=None, index=True)
    lead: str | None = Field(default=None, index=True)
    attempts: int = 0
    last_event: int = 0
    cancel_requested: bool = False
    last_cancel_result: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    last_cancel_error: str | None = None
    detached: bool = False
    cancel_on_disconnect: bool = False
    disconnected_at: datetime | None = Field(default=None, sa_type=UtcTime)
    claimed: bool = False
