"""An owner's files, uploaded and made, as one list."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import Connection, Subquery, and_, literal, or_, select, type_coerce, union_all

from bridge.files import uploaded
from bridge.files.artifacts import ARTIFACTS
from bridge.files.kept import KeptFiles
from bridge.files.uploaded import UploadedFiles
from bridge.store.engine import Store
from bridge.store.types import UtcTime
from core.clock import utc_now
from core.contracts.files import MADE, FileRecord
from core.errors import GoneError, InvalidRequestError, NotFoundError, RequestTooLargeError

PREFIX = "file-"
"""What a file's id begins with towards clients. It may be left out wherever one is read."""


@dataclass(frozen=True, slots=True)
class FilePage:
    """Some files in order; `has_more`: others follow."""

    items: tuple[FileRecord, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class FileContent:
    """A file and its bytes."""

    record: FileRecord
    content: bytes = field(repr=False)


class Library:
    """Finds files, whatever they came from.

    Args:
        artifacts: the folder of those that were made.
    """

    def __init__(self, store: Store, uploads: UploadedFiles, kept: KeptFiles, artifacts: Path) -> None:
        self._store = store
        self._uploads = uploads
        self._kept = kept
        self._artifacts = artifacts

    async def page(
        self, owner: str, *, purpose: str | None, after: str | None, limit: int, order: Literal["asc", "desc"]
    ) -> FilePage:
        """Some files of an owner by the time they came.

        Args:
            after: id of the file behind which the page begins.

        Raises:
            InvalidRequestError: there is no such file to begin behind.
        """
        now = utc_now()
        return await self._store.read(lambda conn: _page(conn, now, owner, purpose, after, limit, order))

    async def get(self, file_id: str, owner: str | None) -> FileRecord:
        """A file.

        Args:
            owner: whose it has to be; `None` for anybody's.

        Raises:
            NotFoundError: there is none of this id, or it is another owner's.
        """
        found = await self._store.read(lambda conn: _find(conn, utc_now(), bare(file_id), owner))
        if found is None:
            raise NotFoundError("There is no file of this id.", param="file_id")
        return found

    async def locate(self, record: FileRecord) -> Path:
        """Where a file's bytes lie.

        Raises:
            GoneError: they are not there any more.
        """
        path = self._uploads.locate(record) if record.origin == "uploaded" else self._artifacts / record.path
        if not await asyncio.to_thread(path.is_file):
            raise GoneError("The file was removed.", param="file_id")
        return path

    async def read(self, file_id: str, owner: str, *, most_bytes: int, param: str) -> FileContent:
        """A file of an owner, with its bytes.

        Raises:
            NotFoundError: there is none of this id, or it is another owner's.
            GoneError: its bytes are not there any more.
            RequestTooLargeError: it has more than `most_bytes`.
        """
        try:
            record = await self.get(file_id, owner)
            path = await self.locate(record)
        except NotFoundError:
            raise NotFoundError(f"`{param}`: there is no file of this id.", param=param) from None
        except GoneError:
            raise GoneError(f"`{param}`: the file was removed.", param=param) from None
        if record.size_bytes > most_bytes:
            raise RequestTooLargeError(f"`{param}`: the file is larger than {most_bytes} bytes.", param=param)
        return FileContent(record, await asyncio.to_thread(path.read_bytes))

    async def remove(self, file_id: str, owner: str | None, *, actor: str) -> FileRecord:
        """Remove a file and its bytes; returns what it was.

        Raises:
            NotFoundError: there is none of this id, or it is another owner's.
        """
        record = await self.get(file_id, owner)
        if record.origin == "uploaded":
            await self._uploads.remove(record.file_id)
        else:
            await self._kept.remove(record.file_id, file=True, actor=actor)
        return record


def bare(file_id: str) -> str:
    """An id as the database has it."""
    return file_id.removeprefix(PREFIX)


def _files(now: datetime) -> Subquery:
    made = select(
        ARTIFACTS.c.file_id,
        ARTIFACTS.c.owner,
        literal("made").label("origin"),
        literal(MADE).label("purpose"),
        ARTIFACTS.c.filename,
        ARTIFACTS.c.content_type,
        ARTIFACTS.c.size_bytes,
        ARTIFACTS.c.sha256,
        ARTIFACTS.c.path,
        ARTIFACTS.c.created_at,
        type_coerce(literal(None), UtcTime).label("expires_at"),
        ARTIFACTS.c.operation_id,
    )
    return union_all(uploaded.columns(now), made).subquery()


def _find(conn: Connection, now: datetime, file_id: str, owner: str | None) -> FileRecord | None:
    files = _files(now)
    asked = select(files).where(files.c.file_id == file_id)
    if owner is not None:
        asked = asked.where(files.c.owner == owner)
    row = conn.execute(asked).first()
    return None if row is None else _record(row)


def _page(
    conn: Connection,
    now: datetime,
    owner: str,
    purpose: str | None,
    after: str | None,
    limit: int,
    order: Literal["asc", "desc"],
) -> FilePage:
    files = _files(now)
    asked = select(files).where(files.c.owner == owner)
    if purpose is not None:
        asked = asked.where(files.c.purpose == purpose)
    when, name = files.c.created_at, files.c.file_id
    if after is not None:
        first = _find(conn, now, bare(after), owner)
        if first is None:
            raise InvalidRequestError("`after` is no file of yours.", param="after")
        at, last = first.created_at, first.file_id
        later = or_(when > at, and_(when == at, name > last))
        earlier = or_(when < at, and_(when == at, name < last))
        asked = asked.where(later if order == "asc" else earlier)
    ordered = (when.asc(), name.asc()) if order == "asc" else (when.desc(), name.desc())
    rows = conn.execute(asked.order_by(*ordered).limit(limit + 1)).all()
    return FilePage(tuple(_record(row) for row in rows[:limit]), has_more=len(rows) > limit)


def _record(row: Any) -> FileRecord:
    return FileRecord.model_validate(dict(row._mapping))
