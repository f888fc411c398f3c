"""Bytes on disk: a file is there whole, or not at all."""

from __future__ import annotations

import asyncio
import os
import secrets
from pathlib import Path


class DiskStorage:
    """A folder of files, each known by its path relative to it. Folders are 0700, files 0600."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def write(self, path: str, content: bytes) -> None:
        """Keep `content` under `path`; a reader sees the old bytes or all of the new ones, also after a power cut."""
        await asyncio.to_thread(self._write, path, content)

    async def exists(self, path: str) -> bool:
        """Whether a file lies there."""
        return await asyncio.to_thread(self.locate(path).is_file)

    async def remove(self, path: str) -> bool:
        """Let nothing lie there; returns whether anything did."""
        return await asyncio.to_thread(self._remove, path)

    async def beginning(self, path: str) -> list[str]:
        """The paths of all files that begin with `path`."""
        return await asyncio.to_thread(self._beginning, path)

    def locate(self, path: str) -> Path:
        """Where the file lies or would lie."""
        return self._root / path

    def _remove(self, path: str) -> bool:
        try:
            self.locate(path).unlink()
        except FileNotFoundError:
            return False
        return True

    def _beginning(self, path: str) -> list[str]:
        whole = self.locate(path)
        found = whole.parent.iterdir() if whole.parent.is_dir() else ()
        return sorted(str(one.relative_to(self._root)) for one in found if one.name.startswith(whole.name))

    def _write(self, path: str, content: bytes) -> None:
        target = self.locate(path)
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
