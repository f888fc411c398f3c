"""Files that clients uploaded."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from bridge.store.types import UtcTime


class FileRow(SQLModel, table=True):
    """An uploaded file, as `core.contracts.files.FileRecord` has it. Rows of the same bytes share those."""

    __tablename__ = "files"
    __table_args__ = (Index("ix_files_owner_created", "owner", "created_at"),)

    file_id: str = Field(primary_key=True)
    owner: str
    purpose: str
    filename: str
    content_type: str
    size_bytes: int
    sha256: str = Field(index=True)
    created_at: datetime = Field(sa_type=UtcTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcTime, index=True)
