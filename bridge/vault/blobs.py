"""Large payloads of Temporal's histories: encrypted, each in a file of its own beside the database."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bridge.vault.files import create_file, private_folder
from core.errors import GoneError, StoreError

_NAME = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Blobs:
    """Some files, and what they take on the disk."""

    count: int = 0
    size_bytes: int = 0


class PayloadBlobs:
    """A folder of encrypted bytes, each known by its SHA-256 and never changed. It holds nothing in clear."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def put(self, content: bytes) -> str:
        """Keep bytes; they are on the disk when this returns.

        Raises:
            StoreError: the disk refuses.
        """
        return await asyncio.to_thread(self._put, content)

    async def get(self, digest: str) -> bytes:
        """The bytes of that SHA-256.

        Raises:
            GoneError: they are not here, or not any more.
            StoreError: they are damaged, or cannot be read.
        """
        return await asyncio.to_thread(self._get, digest)

    async def old(self, before: datetime) -> Blobs:
        """What was kept before that time."""
        return await asyncio.to_thread(self._old, before, remove=False)

    async def remove_old(self, before: datetime) -> Blobs:
        """Remove what was kept before that time; whether a history still needs it is the caller's to know."""
        return await asyncio.to_thread(self._old, before, remove=True)

    def _put(self, content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        target = self._path(digest)
        if not target.exists():
            try:
                private_folder(self._folder)
                private_folder(target.parent)
                create_file(target, content)
            except StoreError as error:
                raise StoreError("the folder of Temporal's payloads cannot be written") from error
        return digest

    def _get(self, digest: str) -> bytes:
        if not _NAME.fullmatch(digest):
            raise GoneError("A payload refers to nothing that the bridge keeps.")
        try:
            content = self._path(digest).read_bytes()
        except FileNotFoundError:
            raise GoneError("A large payload of this history is not kept here (any more).") from None
        except OSError as error:
            raise StoreError("a large payload of a history cannot be read") from error
        if hashlib.sha256(content).hexdigest() != digest:
            raise StoreError("a large payload of a history is damaged")
        return content

    def _old(self, before: datetime, *, remove: bool) -> Blobs:
        count = size = 0
        for path in self._all():
            try:
                seen = path.stat()
                if seen.st_mtime >= before.timestamp():
                    continue
                if remove:
                    path.unlink()
            except FileNotFoundError:
                continue
            count, size = count + 1, size + seen.st_size
        return Blobs(count, size)

    def _all(self) -> Iterator[Path]:
        """Every file of ours; a draft that a crash has left counts as one."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            yield from (path for path in folder.iterdir() if _NAME.fullmatch(path.name) or path.name.endswith(".tmp"))

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest
