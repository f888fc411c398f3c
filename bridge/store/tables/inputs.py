"""What clients sent along, and where it lies upstream."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from bridge.store.types import UtcTime


class InputRow(SQLModel, table=True):
    """A picture that a client sent, once for all who send the same bytes. `used_at`: when one was last admitted."""

    __tablename__ = "inputs"

    sha256: str = Field(primary_key=True)
    content_type: str
    size_bytes: int
    width: int
    height: int
    path: str
    created_at: datetime = Field(sa_type=UtcTime)
    used_at: datetime = Field(sa_type=UtcTime, index=True)


class UploadRow(SQLModel, table=True):
    """An operation's input number `position` as it lies upstream, on the account it was uploaded with."""

    __tablename__ = "uploads"

    operation_id: str = Field(primary_key=True)
    position: int = Field(primary_key=True)
    account: str
    file_id: str
    uploaded_at: datetime = Field(sa_type=UtcTime)
