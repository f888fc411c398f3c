"""What was asked for, counted."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class UsageRow(SQLModel, table=True):
    """What one key asked of one account on one day of UTC, by model and kind; tokens are estimates."""

    __tablename__ = "usage_counts"

    day: str = Field(primary_key=True, max_length=10)
    owner: str = Field(primary_key=True)
    account: str = Field(primary_key=True)
    model: str = Field(primary_key=True)
    kind: str = Field(primary_key=True)
    requests: int = 0
    failures: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
