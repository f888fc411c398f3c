"""Every kept file, as the operator sees them: listed over all owners, and removed by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select

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
        facts: how it was asked for; of a file that was imported, what the older bridge knew.
        path: where it lies.
    """

    artifact: Artifact
    owner: str
    prompt: str | None
    facts: Mapping[str, Any] | None
    path: Path


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What a removal found.

    Attributes:
        artifact: what was known of the file, `None` where it was forgotten before.
        file: whether its bytes are gone with it.
        path: where they go on lying, `None` where they do not.
    """

    artifact: Artifact | None
    file: bool
    path: Path | None


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

    async def remove(self, file_id: str, *, file: bool, actor: str) -> Forgotten:
        """Forget one; with `file` its bytes go too, by the next round of retention if this process dies before.

        The bytes of one that was forgotten without them are removed by a later call with `file`.

        Raises:
            NotFoundError: there is none of that id.
            StoreError: nothing was removed.
        """
        left = await self._bytes_of(file_id)
        artifact = await self._store.write(lambda conn: _forget(conn, file_id, left, file, actor), durable=True)
        if not file:
            lies = artifact is not None and artifact.path in left
            return Forgotten(artifact, False, self._storage.locate(artifact.path) if artifact and lies else None)
        removed = [await self._storage.remove(path) for path in left]
        await self._store.write(lambda conn: conn.execute(delete(_DOOMED).where(_DOOMED.c.path.in_(left))))
        return Forgotten(artifact, any(removed), None)

    async def _bytes_of(self, file_id: str) -> list[str]:
        """Where bytes of this id lie, whether or not anything else is known of it."""
        return await self._storage.beginning(f"{file_id[:2]}/{file_id}.") if file_id.isalnum() else []


def _forget(conn: Connection, file_id: str, left: Sequence[str], file: bool, actor: str) -> Artifact | None:
    artifact = find(conn, file_id)
    if artifact is None and not (file and left):
        raise NotFoundError("There is no file of this id.", param="file_id")
    conn.execute(delete(ARTIFACTS).where(ARTIFACTS.c.file_id == file_id))
    for path in left if file else ():
        conn.execute(insert(_DOOMED).prefix_with("OR IGNORE", dialect="sqlite").values(path=path))
    before = None if artifact is None else _told(artifact)
    audit.record(conn, actor, "artifact.deleted", file_id, before, {"file_removed": file})
    return artifact


def _told(artifact: Artifact) -> dict[str, Any]:
    return {"filename": artifact.filename, "kind": artifact.kind, "bytes": artifact.size_bytes}


def _newest(conn: Connection, limit: int) -> list[tuple[Artifact, str, str | None, Any]]:
    asked = (
        select(
            ARTIFACTS,
            _OPERATIONS.c.prompt.label("asked"),
            _OPERATIONS.c.model.label("requested_model"),
            _OPERATIONS.c.request.label("request"),
        )
        .outerjoin(_OPERATIONS, _OPERATIONS.c.id == ARTIFACTS.c.operation_id)
        .order_by(ARTIFACTS.c.created_at.desc(), ARTIFACTS.c.file_id)
        .limit(limit)
    )
    return [
        (Artifact.model_validate(dict(row._mapping)), row.owner, row.prompt or row.asked, row.facts or _facts(row))
        for row in conn.execute(asked)
    ]


def _facts(row: Row[Any]) -> dict[str, Any]:
    """How a file was asked for, as far as the operation that made it is still there."""
    facts = {"requested_model": row.requested_model, "response_format": (row.request or {}).get("response_format")}
    return {name: value for name, value in facts.items() if value is not None}
