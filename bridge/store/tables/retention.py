"""What retention still has to do."""

from __future__ import annotations

from sqlmodel import Field, SQLModel


class DoomedFileRow(SQLModel, table=True):
    """A file of the artifacts' folder whose row is gone: it is removed next, or after a crash by the next round."""

    __tablename__ = "doomed_files"

    path: str = Field(primary_key=True)
