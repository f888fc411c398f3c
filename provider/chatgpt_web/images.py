"""The bytes of a finished picture (docs/protocol.md sections 2.12 and 5)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from core.errors import FileNotFoundUpstreamError
from provider.chatgpt_web import errors
from provider.chatgpt_web.assets import metadata_paths
from provider.chatgpt_web.connection import Connection
from provider.interface.turns import DownloadedImage, ImageAsset

_LOOKS = 3
_PAUSE_SECONDS = 1.0


async def download(
    connection: Connection, asset: ImageAsset, *, conversation_id: str, pause_scale: float
) -> DownloadedImage:
    """Ask for the picture's link and fetch the bytes, a few times because both may lag behind the picture.

    Raises:
        FileNotFoundUpstreamError: upstream does not have it any more.
        ProtocolError: what came is no image.
    """
    for look in range(_LOOKS):
        try:
            content, kind = await connection.fetch_bytes(await _link(connection, asset.pointer, conversation_id))
            break
        except FileNotFoundUpstreamError:
            if look + 1 == _LOOKS:
                raise
            await asyncio.sleep(_PAUSE_SECONDS * (look + 1) * pause_scale)
    if not kind.startswith("image/"):
        raise errors.malformed("Upstream's download is not an image.")
    return DownloadedImage(content, kind)


async def _link(connection: Connection, pointer: str, conversation_id: str) -> str:
    """The signed address, from the call that fits the pointer, and after a 404 from the other one."""
    *earlier, last = metadata_paths(pointer, conversation_id=conversation_id)
    for path in earlier:
        try:
            return _address(await connection.call("GET", path, context="file_metadata"))
        except FileNotFoundUpstreamError:
            continue
    return _address(await connection.call("GET", last, context="file_metadata"))


def _address(document: Any) -> str:
    answer: Mapping[str, Any] = document if isinstance(document, dict) else {}
    if answer.get("status") == "error":
        raise errors.from_file_status(answer)
    url = answer.get("download_url") or answer.get("url")
    if not isinstance(url, str) or not url:
        raise errors.malformed("Upstream gave no link for a picture.")
    return url
