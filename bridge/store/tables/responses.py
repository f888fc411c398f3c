"""What `/v1/responses` and `/v1/conversations` keep."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class ResponseRow(SQLModel, table=True):
    """A kept response. `sealed` is encrypted: its body and its own input.

    `account`, `upstream_id` and `message_id` say where its conversation lies upstream and where it ends, all of them
    `None` where it cannot be gone on with; `told` names the tools that were described there.
    """

    __tablename__ = "responses"

    id: str = Field(primary_key=True)
    owner: str
    created_at: datetime = Field(sa_type=UtcTime, index=True)
    previous_id: str | None = None
    account: str | None = None
    upstream_id: str | None = None
    message_id: str | None = None
    told: str | None = None
    sealed: str


class ConversationRow(SQLModel, table=True):
    """A conversation of a client's; where it lies upstream as in `ResponseRow`. `sealed`: its metadata."""

    __tablename__ = "conversations"

    id: str = Field(primary_key=True)
    owner: str
    created_at: datetime = Field(sa_type=UtcTime)
    used_at: datetime = Field(sa_type=UtcTime, index=True)
    account: str | None = None
    upstream_id: str | None = None
    message_id: str | None = None
    told: str | None = None
    sealed: str


class ConversationItemRow(SQLModel, table=True):
    """One item of a conversation, numbered in its order; `sealed`: the item."""

    __tablename__ = "conversation_items"

    conversation_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    item_id: str
    sealed: str
