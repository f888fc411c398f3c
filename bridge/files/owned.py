"""Files of our own that a request names, read with the rights of whoever asks."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from urllib.parse import SplitResult, urlsplit

from bridge.files.artifacts import Artifacts, owner_of
from bridge.store.engine import Store
from core.contracts.artifacts import Artifact
from core.errors import GoneError, NotFoundError, RequestTooLargeError

_FILE = re.compile(r"/v1/chatgpt/files/(?P<file_id>[0-9a-f]{32})(?:/[^/]*)?/?")
_PORTS = {"http": 80, "https": 443}


class OwnFiles:
    """Reads artifacts of one owner.

    Args:
        most_bytes: the largest file that is read.
    """

    def __init__(self, store: Store, artifacts: Artifacts, *, most_bytes: int) -> None:
        self._store = store
        self._artifacts = artifacts
        self._most = most_bytes

    async def read(self, file_id: str, owner: str, *, param: str) -> tuple[Artifact, bytes]:
        """A kept file.

        Raises:
            NotFoundError: there is none of this id, or it is another owner's.
            GoneError: its file is not there any more.
            RequestTooLargeError: it is larger than the bridge takes as a picture.
        """
        if await self._store.read(lambda conn: owner_of(conn, file_id)) != owner:
            raise NotFoundError(f"`{param}`: there is no file of this id.", param=param)
        try:
            artifact, path = await self._artifacts.get(file_id)
        except GoneError:
            raise GoneError(f"`{param}`: the file was removed.", param=param) from None
        if artifact.size_bytes > self._most:
            raise RequestTooLargeError(f"`{param}`: the file is larger than {self._most} bytes.", param=param)
        return artifact, await asyncio.to_thread(path.read_bytes)


def linked_file(address: str, bases: Sequence[str]) -> str | None:
    """The file id of a download link of ours; `None` for any other address.

    Args:
        bases: where clients reach this server, with or without `/v1`.
    """
    link = _split(address)
    if link is None or link.username is not None:
        return None
    for base in bases:
        ours = _split(base.rstrip("/").removesuffix("/v1"))
        if ours is not None and _place(ours) == _place(link) and link.path.startswith(ours.path):
            named = _FILE.fullmatch(link.path[len(ours.path) :])
            if named is not None:
                return named["file_id"]
    return None


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:
        return None
    return parts if parts.scheme in _PORTS else None


def _place(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]
