"""A file on its way in: on the disk from its first byte, and nobody's until all of it is there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from bridge.files.kinds import HEAD_BYTES
from core.errors import RequestTooLargeError


class Draft:
    """What has come so far.

    Attributes:
        size_bytes: of it.
        head: its first bytes, by which its type is known.
    """

    def __init__(self, path: Path, file: BinaryIO, most_bytes: int) -> None:
        self.path = path
        self.size_bytes = 0
        self.head = b""
        self._file = file
        self._most = most_bytes
        self._digest = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """Of what has come, in lower-case hex."""
        return self._digest.hexdigest()

    async def write(self, pieces: Sequence[bytes], *, param: str) -> None:
        """Take more of it.

        Raises:
            RequestTooLargeError: it is larger than the bridge takes; `param` names it.
        """
        self.size_bytes += sum(map(len, pieces))
        if self.size_bytes > self._most:
            raise RequestTooLargeError(f"`{param}`: the file is larger than {self._most} bytes.", param=param)
        await asyncio.to_thread(self._write, pieces)

    async def sync(self) -> None:
        """Have all of it on the disk."""
        await asyncio.to_thread(self._sync)

    def _write(self, pieces: Sequence[bytes]) -> None:
        for piece in pieces:
            self._file.write(piece)
            self._digest.update(piece)
            if len(self.head) < HEAD_BYTES:
                self.head += piece[: HEAD_BYTES - len(self.head)]

    def _sync(self) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())


@asynccontextmanager
async def drafted(folder: Path, most_bytes: int) -> AsyncIterator[Draft]:
    """A draft in a folder; its file is removed when the block is left, unless it was moved away."""
    path = folder / secrets.token_hex(8)
    file = await asyncio.to_thread(_opened, path)
    try:
        yield Draft(path, file, most_bytes)
    finally:
        file.close()
        path.unlink(missing_ok=True)


def _opened(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
