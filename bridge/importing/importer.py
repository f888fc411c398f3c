"""Takes a folder of the older bridge over: finds everything, says what becomes of it, and does that if it is wanted."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import Connection, insert, select

from bridge import audit
from bridge.accounts.buckets import BucketLimits, SavedLimits
from bridge.accounts.captures import Captures
from bridge.accounts.limits import SlotLimits
from bridge.accounts.registry import Registry
from bridge.accounts.saved import recall_saved
from bridge.files.artifacts import ARTIFACTS
from bridge.files.storage import DiskStorage
from bridge.importing.accounts import Found, OlderAccounts
from bridge.importing.files import FoundFile, find_files, find_strays
from bridge.importing.items import ImportReport, Item, Outcome
from bridge.importing.limits import FoundLimits, find_limits
from bridge.importing.original import Original, rows_of
from bridge.store.engine import Store
from bridge.vault import Vault
from core import ids
from core.errors import ImportSourceError

_ACTOR = "cli"


class Importer:
    """Takes over what an older folder holds. The older folder is only read.

    Doing it twice is doing it once: what is here already is left as it is, and a run that was cut off is completed by
    the next one.

    Args:
        artifacts: the folder of our kept files.
    """

    def __init__(self, store: Store, vault: Vault, captures: Captures, registry: Registry, *, artifacts: Path) -> None:
        self._store = store
        self._vault = vault
        self._captures = captures
        self._registry = registry
        self._storage = DiskStorage(artifacts)

    async def run(self, original: Original, passphrases: tuple[str, ...] = (), *, apply: bool) -> ImportReport:
        """Look at everything, and take what can be taken if `apply` is set.

        Args:
            passphrases: those that the older captures may be encrypted with, beside their key file.

        Raises:
            VaultKeyError, StoreError: something cannot be kept; what was taken before stays.
        """
        items: list[Item] = []
        if original.accounts is not None:
            older = OlderAccounts(original.accounts, passphrases, self._vault, self._captures)
            for found in await asyncio.to_thread(lambda: list(older.find())):
                items.append(await self._account(older, found) if apply else found.item)
        if original.database is not None:
            read = await asyncio.to_thread(_read, original, original.database)
            items += [await self._file(found, apply=apply) for found in read.files]
            items += await asyncio.to_thread(lambda: list(find_strays(original, read.files)))
            items += await self._saved_limits(read.limits, apply=apply) if read.limits else ()
            items += [read.problem] if read.problem else []
        if apply:
            await self._store.write(lambda conn: _record(conn, original, items), durable=True)
            self._registry.changed()
        return ImportReport.of(items, applied=apply)

    async def _account(self, older: OlderAccounts, found: Found) -> Item:
        if found.text is not None:
            await asyncio.to_thread(older.take, found.item.name, found.text)
        return found.item

    async def _file(self, found: FoundFile, *, apply: bool) -> Item:
        if found.artifact is None:
            return found.item
        file_id, sha256 = found.artifact.file_id, found.artifact.sha256
        kept = await self._store.read(lambda conn: _kept(conn, file_id))
        if kept is not None and kept[0] != sha256:
            return replace(found.item, outcome=Outcome.SKIP, detail="another file has this id here")
        if kept is not None and await self._storage.exists(kept[1]):
            return replace(found.item, outcome=Outcome.HAVE)
        if apply and not await self._take(found, known=kept is not None):
            return replace(found.item, outcome=Outcome.SKIP, detail="its file changed meanwhile")
        return found.item

    async def _saved_limits(self, found: FoundLimits, *, apply: bool) -> list[Item]:
        """Slots that were saved here count more than those of the older bridge."""
        here = await self._store.read(recall_saved)
        if here == found.saved:
            return list(found.items(Outcome.HAVE))
        if here != SavedLimits():
            return list(found.items(Outcome.SKIP, "other limits are saved here"))
        if apply:
            await SlotLimits(self._store, self._registry, BucketLimits({})).save(lambda _: found.saved, actor=_ACTOR)
        return list(found.items(Outcome.TAKE))

    async def _take(self, found: FoundFile, *, known: bool) -> bool:
        """Keep a file, its bytes first; returns whether they still were what was looked at."""
        assert found.artifact is not None
        assert found.source is not None
        artifact = found.artifact
        content = await asyncio.to_thread(found.source.read_bytes)
        if hashlib.sha256(content).hexdigest() != artifact.sha256:
            return False
        await self._storage.write(artifact.path, content)
        if not known:
            row = {**artifact.model_dump(), "owner": ids.PRIMARY_OWNER, "prompt": found.prompt, "facts": found.facts}
            await self._store.write(
                lambda conn: conn.execute(insert(ARTIFACTS).values(**row, position=0)), durable=True
            )
        return True


@dataclass(slots=True)
class _Read:
    """What an older database holds; `problem` kept it from being read to its end."""

    files: list[FoundFile] = field(default_factory=list)
    limits: FoundLimits | None = None
    problem: Item | None = None


def _read(original: Original, database: Path) -> _Read:
    read = _Read()
    try:
        with rows_of(database) as rows:
            # One at a time: what stands before a damaged page is taken.
            for file in find_files(original, rows.table("artifacts")):
                read.files.append(file)
            read.limits = find_limits(rows.table("settings"))
    except ImportSourceError as problem:
        read.problem = Item("database", database.name, Outcome.SKIP, problem.message)
    return read


def _kept(conn: Connection, file_id: str) -> tuple[str, str] | None:
    asked = select(ARTIFACTS.c.sha256, ARTIFACTS.c.path).where(ARTIFACTS.c.file_id == file_id)
    row = conn.execute(asked).one_or_none()
    return None if row is None else (row.sha256, row.path)


def _record(conn: Connection, original: Original, items: Sequence[Item]) -> None:
    taken = [item for item in items if item.outcome is Outcome.TAKE]
    if taken:
        after = {
            "accounts": [item.name for item in taken if item.kind == "account"],
            "artifacts": sum(item.kind == "artifact" for item in taken),
            "limits": [item.name for item in taken if item.kind == "limits"],
        }
        audit.record(conn, _ACTOR, "import.applied", str(original.root), None, after)
