"""Files of this machine that requests may name: those below one folder, if the operator says so."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from urllib.parse import unquote, urlsplit

from core.errors import InvalidRequestError, RequestTooLargeError

_LONGEST = 4096


class LocalFolder:
    """The folder below which paths may be named.

    Args:
        root: the folder; `None` refuses every path.
        most_bytes: the largest file that is read.
    """

    def __init__(self, root: Path | None, *, most_bytes: int) -> None:
        self._root = None if root is None else root.expanduser().resolve()
        self._most = most_bytes

    async def holds(self, path: str) -> bool:
        """Whether the path leads to a file in the folder; a text that is no path does not."""
        if self._root is None or len(path) > _LONGEST or "\0" in path:
            return False
        return await asyncio.to_thread(self._find, path) is not None

    async def read(self, path: str, *, param: str) -> bytes:
        """A file's bytes; a relative path begins at the folder.

        Raises:
            InvalidRequestError: paths are refused, or no file of the folder has this one. Nothing is said of files
                elsewhere, not even whether they exist.
            RequestTooLargeError: the file is larger than the bridge takes.
        """
        if self._root is None:
            raise InvalidRequestError(
                f"`{param}` is neither a picture nor an address; paths are refused while CHATGPT_INPUT_ROOT is unset.",
                param=param,
            )
        plain = len(path) <= _LONGEST and "\0" not in path
        content = await asyncio.to_thread(self._read, path) if plain else None
        if content is None:
            raise InvalidRequestError(
                f"`{param}`: no such file below the folder that CHATGPT_INPUT_ROOT names.", param=param
            )
        if len(content) > self._most:
            raise RequestTooLargeError(f"`{param}`: the picture is larger than {self._most} bytes.", param=param)
        return content

    def _find(self, path: str) -> Path | None:
        assert self._root is not None
        try:
            found = (self._root / Path(path).expanduser()).resolve(strict=True)
            return found if found.is_relative_to(self._root) and found.is_file() else None
        except (OSError, RuntimeError, ValueError):
            return None

    def _read(self, path: str) -> bytes | None:
        found = self._find(path)
        if found is None:
            return None
        try:
            # Its links are resolved already: one that appears meanwhile is not followed, and no pipe is waited for.
            descriptor = os.open(found, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                return file.read(self._most + 1) if stat.S_ISREG(os.fstat(descriptor).st_mode) else None
        except OSError:
            return None


def path_of(address: str) -> str | None:
    """The path of a `file:` address; `None` where it is another machine's."""
    parts = urlsplit(address)
    return unquote(parts.path) if parts.netloc.lower() in ("", "localhost") else None
