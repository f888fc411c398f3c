"""Previews: pictures as far as they are made, for whoever watches, and gone a day later."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from bridge.files.conversion import in_form
from bridge.files.images import Picture
from bridge.files.storage import DiskStorage
from core.contracts.images import ImageForm

_FOLDER = "previews"
_DIGITS = 32


class Previews:
    """Files beside the artifacts, a folder an operation. No row knows them; the events that name them may outlive them.

    Args:
        root: the folder of the artifacts.
    """

    def __init__(self, root: Path) -> None:
        self._root = root / _FOLDER
        self._storage = DiskStorage(self._root)

    async def write(self, operation_id: str, asset_id: str, content: bytes, form: ImageForm) -> tuple[str, Picture]:
        """Verify a preview, convert it as its picture will be, and keep it; returns its name and what it is.

        The name derives from operation and asset, so writing twice is writing once.

        Raises:
            ProtocolError: the bytes are not a picture.
        """
        picture, content = await asyncio.to_thread(in_form, content, form)
        name = f"{_hashed(operation_id)}/{_hashed(asset_id)}.{picture.extension}"
        await self._storage.write(name, content)
        return name, picture

    async def read(self, name: str) -> bytes | None:
        """A preview's bytes; `None` where it is gone."""
        try:
            return await asyncio.to_thread(self._storage.locate(name).read_bytes)
        except OSError:
            return None

    async def forget(self, operation_id: str) -> None:
        """Remove an operation's previews."""
        await asyncio.to_thread(shutil.rmtree, self._root / _hashed(operation_id), ignore_errors=True)

    async def remove_old(self, before: datetime) -> None:
        """Remove the previews of every operation that has had none since."""
        await asyncio.to_thread(self._remove_old, before.timestamp())

    def _remove_old(self, before: float) -> None:
        for folder in self._root.iterdir() if self._root.is_dir() else ():
            with suppress(FileNotFoundError):
                if folder.stat().st_mtime < before:
                    shutil.rmtree(folder, ignore_errors=True)


def _hashed(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
