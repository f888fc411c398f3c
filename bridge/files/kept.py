"""Every kept file, as the operator sees them: listed over all owners, and removed by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select

from bridge import audit
from bridge.files.artifacts import ARTIFACTS, find
from bridge.files.storage import DiskStorage
from bridge.store.engine import Store
from bridge.store.tables import DoomedFileRow, OperationRow
from core.contracts.artifacts import Artifact
from core.errors import NotFoundError

_DOOMED = DoomedFileRow.metadata.tables[str(DoomedFileRow.__tablename__)]
_OPERATIONS = OperationRow.metadata.tables[str(OperationRow.__tablename__)]


@dataclass(frozen=True, slots=True)
class KeptFile:
    """One file.

    Attributes:
        prompt: what was asked for, where it is known.
        facts: what else is known of a file that was imported.
        path: where it lies.
    """

    artifact: Artifact
    owner: str
    prompt: str | None
    facts: Mapping[str, Any] | None
    path: Path


class KeptFiles:
    """Looks at them and removes them."""

    def __init__(self, store: Store, root: Path) -> None:
        self._store = store
        self._storage = DiskStorage(root)

    async def count(self) -> int:
        """How many there are.

        Raises:
            StoreError: the rows cannot be read.
        """
        return await self._store.read(
            lambda conn: conn.execute(select(func.count()).select_from(ARTIFACTS)).scalar_one()
        )

    async def newest(self, limit: int) -> list[KeptFile]:
        """The newest, as far as their files are there.

        Raises:
            StoreError: the rows cannot be read.
        """
        found = await self._store.read(lambda conn: _newest(conn, limit))
        files = [
            KeptFile(one, owner, prompt, facts, self._storage.locate(one.path)) for one, owner, prompt, facts in found
        ]
        return [file for file in files if await self._storage.exists(file.artifact.path)]

    async def remove(self, file_id: str, *, file: bool, actor: str) -> Artifact:
        """Forget one; with `file` its bytes go too, by the next round of retention if this process dies before.

        Raises:
            NotFoundError: there is none of that id.
            StoreError: nothing was removed.
        """

        def work(conn: Connection) -> Artifact:
            artifact = find(conn, file_id)
            if artifact is None:
                raise NotFoundError("There is no file of this id.", param="file_id")
            conn.execute(delete(ARTIFACTS).where(ARTIFACTS.c.file_id == file_id))
            if file:
                conn.execute(insert(_DOOMED).prefix_with("OR IGNORE", dialect="sqlite").values(path=artifact.path))
            before = {"filename": artifact.filename, "kind": artifact.kind, "bytes": artifact.size_bytes}
            audit.record(conn, actor, "artifact.deleted", file_id, before, {"file_removed": file})
            return artifact

        artifact = await self._store.write(work, durable=True)
        if file:
            await self._storage.remove(artifact.path)
            await self._store.write(lambda conn: conn.execute(delete(_DOOMED).where(_DOOMED.c.path == artifact.path)))
        return artifact


def _newest(conn: Connection, limit: int) -> list[tuple[Artifact, str, str | None, Any]]:
    asked = (
        select(ARTIFACTS, _OPERATIONS.c.prompt.label("asked"))
        .outerjoin(_OPERATIONS, _OPERATIONS.c.id == ARTIFACTS.c.operation_id)
        .order_by(ARTIFACTS.c.created_at.desc(), ARTIFACTS.c.file_id)
        .limit(limit)
    )
    return [
        (Artifact.model_validate(dict(row._mapping)), row.owner, row.prompt or row.asked, row.facts)
        for row in conn.execute(asked)
    ]
