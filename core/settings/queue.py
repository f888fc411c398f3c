"""The line of chats that wait for a slot."""

from __future__ import annotations

from pydantic import Field

from core.settings.base import Area


class QueueSettings(Area):
    """First come, first served, and bounded."""

    limit: int = Field(
        1000, ge=0, validation_alias="CHATGPT_QUEUE_LIMIT", description="Chats that may wait at once; more get a 429."
    )
    patience_seconds: float = Field(
        30, ge=0, validation_alias="CHATGPT_QUEUE_PATIENCE_SECONDS", description="Longest a chat waits for a slot."
    )
