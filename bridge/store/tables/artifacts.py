"""Files that are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlmodel import Field, Index, SQLModel

from bridge.store.types import UtcTime


class ArtifactRow(SQLModel, table=True):
    """A kept file; the fields are those of `core.contracts.artifacts.Artifact`.

    `prompt` and `facts` are what an older bridge kept with a file that was imported; of all others, operations tell.
    """

    __tablename__ = "artifacts"
    __table_args__ = (Index("ix_artifacts_owner_created", "owner", "created_at"),)

    file_id: str = Field(primary_key=True)
    owner: str
    kind: str
    filename: str
    path: str
    content_type: str
    size_bytes: int
    sha256: str
    width: int | None = None
    height: int | None = None
    account: str | None = None
    operation_id: str | None = Field(default=None, index=True)
    position: int = 0
    prompt: str | None = None
    facts: dict[str, Any] | None = Field(default=None, sa_type=JSON)
    created_at: datetime = Field(sa_type=UtcTime, index=True)
