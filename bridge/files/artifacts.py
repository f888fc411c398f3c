"""Artifacts: files that work produced, each kept once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Connection, Table, insert, select

from bridge.files import names
from bridge.files.conversion import in_form
from bridge.files.storage import DiskStorage
from bridge.store.engine import Store
from bridge.store.tables import ArtifactRow
from core import ids
from core.clock import utc_now
from core.contracts.artifacts import Artifact
from core.contracts.images import ImageForm
from core.contracts.operations import OperationRecord
from core.errors import GoneError, NotFoundError

_DECODED_AT_ONCE = 2
"""A picture of the most pixels takes a quarter of a gigabyte while it is decoded, and once more while converted."""

ARTIFACTS: Table = ArtifactRow.metadata.tables[str(ArtifactRow.__tablename__)]


class Artifacts:
    """The kept files of all operations."""

    def __init__(self, store: Store, root: Path) -> None:
        self._store = store
        self._storage = DiskStorage(root)
        self._decoding = asyncio.Semaphore(_DECODED_AT_ONCE)

    async def write_image(self, operation: OperationRecord, position: int, content: bytes) -> Artifact:
        """Verify a picture, convert it as its request says, and put its file in place, as the operation's result
        number `position`, counted from 0.

        Its id and its path derive from operation and position, so writing twice is writing once. It is kept once
        `keep` has put its row beside it.

        Raises:
            ProtocolError: the bytes are not a picture.
        """
        async with self._decoding:
            form = ImageForm.model_validate(operation.request)
            picture, content = await asyncio.to_thread(in_form, content, form)
        file_id = ids.artifact_id(operation.id, position)
        label = names.slug(str(operation.request.get("prompt", "")))
        artifact = Artifact(
            file_id=file_id,
            kind="image",
            filename=f"{int(operation.created_at.timestamp())}-{label}-{file_id[:6]}.{picture.extension}",
            path=f"{file_id[:2]}/{file_id}.{picture.extension}",
            content_type=picture.content_type,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            width=picture.width,
            height=picture.height,
            account=operation.account,
            operation_id=operation.id,
            created_at=utc_now(),
        )
        await self._storage.write(artifact.path, content)
        return artifact

    async def lies(self, artifact: Artifact) -> bool:
        """Whether an artifact's file is there."""
        return await self._storage.exists(artifact.path)

    async def owner(self, file_id: str) -> str | None:
        """Whose an artifact is; `None` when there is none of this id."""
        return await self._store.read(lambda conn: owner_of(conn, file_id))

    async def get(self, file_id: str) -> tuple[Artifact, Path]:
        """An artifact and where its bytes lie.

        Raises:
            NotFoundError: no such artifact.
            GoneError: its file is not there any more.
        """
        artifact = await self._store.read(lambda conn: find(conn, file_id))
        if artifact is None:
            raise NotFoundError("There is no file of this id.", param="file_id")
        if not await self._storage.exists(artifact.path):
            raise GoneError("The file was removed.", param="file_id")
        return artifact, self._storage.locate(artifact.path)


def keep(conn: Connection, artifact: Artifact, owner: str, position: int) -> Artifact:
    """Insert an artifact's row within the caller's transaction; a row of its id is replaced."""
    conn.execute(ARTIFACTS.delete().where(ARTIFACTS.c.file_id == artifact.file_id))
    conn.execute(insert(ARTIFACTS).values(**artifact.model_dump(), owner=owner, position=position))
    return artifact


def find(conn: Connection, file_id: str) -> Artifact | None:
    """One artifact's row."""
    row = conn.execute(select(ARTIFACTS).where(ARTIFACTS.c.file_id == file_id)).one_or_none()
    return None if row is None else Artifact.model_validate(dict(row._mapping))


def owner_of(conn: Connection, file_id: str) -> str | None:
    """Whose an artifact is."""
    found: str | None = conn.execute(
        select(ARTIFACTS.c.owner).where(ARTIFACTS.c.file_id == file_id)
    ).scalar_one_or_none()
    return found


def of_operations(conn: Connection, operation_ids: Sequence[str]) -> dict[str, tuple[Artifact, ...]]:
    """The artifacts of several operations, each in its order."""
    found: dict[str, tuple[Artifact, ...]] = {}
    if not operation_ids:
        return found
    rows = conn.execute(
        select(ARTIFACTS).where(ARTIFACTS.c.operation_id.in_(operation_ids)).order_by(ARTIFACTS.c.position)
    ).all()
    for row in rows:
        found[row.operation_id] = (*found.get(row.operation_id, ()), Artifact.model_validate(dict(row._mapping)))
    return found
