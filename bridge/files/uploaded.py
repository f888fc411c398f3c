"""Files that clients uploaded: a row for each, the bytes once by their SHA-256."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, literal, or_, select

from bridge.files.drafts import Draft, drafted
from bridge.files.kinds import content_type_of
from bridge.store.engine import Store
from bridge.store.tables import FileRow
from core import ids
from core.clock import utc_now
from core.contracts.files import FileRecord, FileTerms
from core.errors import FileQuotaError

FILES: Table = FileRow.metadata.tables[str(FileRow.__tablename__)]

_DRAFTS = "drafts"
_STALE_SECONDS = 3600.0
"""So long after its last byte, what no row names is what a crash has left."""


class UploadedFiles:
    """The files of all owners.

    A row stands for bytes that are there: they are put in place within the transaction that inserts it, and removed
    within one that sees that none is left. What a crash leaves between two such steps, `sweep` removes.

    Args:
        most_bytes: the largest file.
        quota_bytes: what the files of one owner may take together, 0 for no limit.
    """

    def __init__(self, store: Store, root: Path, *, most_bytes: int, quota_bytes: int = 0) -> None:
        self._store = store
        self._root = root
        self._most = most_bytes
        self._quota = quota_bytes

    def draft(self) -> AbstractAsyncContextManager[Draft]:
        """A file that is about to come in; gone with the block, unless it is kept."""
        return drafted(self._root / _DRAFTS, self._most)

    async def keep(self, draft: Draft, owner: str, terms: FileTerms) -> FileRecord:
        """Make a whole draft a file of its owner's. It is durable when this returns.

        Raises:
            FileQuotaError: the owner has no room for it.
        """
        await draft.sync()
        now = utc_now()
        expires_at = None if terms.expires_seconds is None else now + timedelta(seconds=terms.expires_seconds)
        record = FileRecord(
            file_id=ids.file_id(),
            origin="uploaded",
            purpose=terms.purpose,
            filename=terms.filename,
            content_type=content_type_of(draft.head, terms.filename, terms.content_type),
            size_bytes=draft.size_bytes,
            sha256=draft.sha256,
            path=_path(draft.sha256),
            created_at=now,
            expires_at=expires_at,
        )

        def work(conn: Connection) -> None:
            self._require_room(conn, owner, record)
            self._place(draft.path, record)
            row = record.model_dump(exclude={"origin", "path", "operation_id"})
            conn.execute(insert(FILES).values(**row, owner=owner))

        await self._store.write(work, durable=True)
        return record

    async def remove(self, file_id: str) -> None:
        """Forget a file; its bytes go with the last row that names them."""
        gone = await self._store.write(lambda conn: _taken(conn, FILES.c.file_id == file_id), durable=True)
        await self._unlink_unused([digest for digest, _ in gone])

    async def expired(self, before: datetime | None) -> list[int]:
        """The sizes of the files whose time is over, or that are older than `before`."""
        asked = select(FILES.c.size_bytes).where(_over(before))
        return await self._store.read(lambda conn: list(conn.execute(asked).scalars()))

    async def sweep(self, before: datetime | None) -> list[int]:
        """Remove the files that `expired` names, and bytes that none names; returns the sizes of the files."""
        gone = await self._store.write(lambda conn: _taken(conn, _over(before)), durable=True)
        await self._unlink_unused([digest for digest, _ in gone])
        known = await self._store.read(lambda conn: set(conn.execute(select(FILES.c.sha256)).scalars()))
        await self._unlink_unused(await asyncio.to_thread(self._stale, known))
        return [size for _, size in gone]

    def locate(self, record: FileRecord) -> Path:
        """Where the bytes of an uploaded file lie."""
        return self._root / record.path

    def _require_room(self, conn: Connection, owner: str, record: FileRecord) -> None:
        if not self._quota:
            return
        own = (FILES.c.owner == owner, _alive(record.created_at))
        used = conn.execute(select(func.coalesce(func.sum(FILES.c.size_bytes), 0)).where(*own)).scalar_one()
        if used + record.size_bytes > self._quota:
            raise FileQuotaError(
                f"The file has {record.size_bytes} bytes, and the files of this API key take {used} of the "
                f"{self._quota} that they may.",
                param="file",
            )

    def _place(self, draft: Path, record: FileRecord) -> None:
        target = self.locate(record)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if target.is_file() and target.stat().st_size == record.size_bytes:
            return
        draft.replace(target)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def _unlink_unused(self, digests: Sequence[str]) -> None:
        def work(conn: Connection) -> None:
            for digest in digests:
                if conn.execute(select(FILES.c.file_id).where(FILES.c.sha256 == digest).limit(1)).first() is None:
                    (self._root / _path(digest)).unlink(missing_ok=True)

        if digests:
            # Nobody can upload the same bytes while this transaction runs.
            await self._store.write(work)

    def _stale(self, known: Collection[str]) -> list[str]:
        """Remove drafts that nobody goes on with; the digests of other bytes that have lain for a while."""
        before = utc_now().timestamp() - _STALE_SECONDS
        for draft in (self._root / _DRAFTS).glob("*"):
            if _older(draft, before):
                draft.unlink(missing_ok=True)
        lying = (path for path in self._root.glob("[0-9a-f][0-9a-f]/*") if path.name not in known)
        return [path.name for path in lying if _older(path, before)]


def columns(now: datetime) -> Any:
    """Every uploaded file that has not expired, as `FileRecord` has them, and its owner."""
    path = func.substr(FILES.c.sha256, 1, 2) + "/" + FILES.c.sha256
    return select(
        FILES.c.file_id,
        FILES.c.owner,
        literal("uploaded").label("origin"),
        FILES.c.purpose,
        FILES.c.filename,
        FILES.c.content_type,
        FILES.c.size_bytes,
        FILES.c.sha256,
        path.label("path"),
        FILES.c.created_at,
        FILES.c.expires_at,
        literal(None).label("operation_id"),
    ).where(_alive(now))


def _alive(now: datetime) -> ColumnElement[bool]:
    return or_(FILES.c.expires_at.is_(None), FILES.c.expires_at > now)


def _over(before: datetime | None) -> ColumnElement[bool]:
    expired = FILES.c.expires_at <= utc_now()
    return expired if before is None else or_(expired, FILES.c.created_at < before)


def _taken(conn: Connection, condition: ColumnElement[bool]) -> list[tuple[str, int]]:
    """Remove rows; digest and size of each."""
    found = conn.execute(select(FILES.c.file_id, FILES.c.sha256, FILES.c.size_bytes).where(condition)).all()
    conn.execute(delete(FILES).where(FILES.c.file_id.in_([row.file_id for row in found])))
    return [(row.sha256, row.size_bytes) for row in found]


def _path(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _older(path: Path, before: float) -> bool:
    try:
        return path.stat().st_mtime < before
    except OSError:
        return False
