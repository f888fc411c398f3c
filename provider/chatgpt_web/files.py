"""Uploads: a slot, the bytes, the confirmation (docs/protocol.md section 2.12)."""

from __future__ import annotations

import io
from urllib.parse import quote

from PIL import Image

from core.errors import FileUploadFailedError
from provider.chatgpt_web import errors
from provider.chatgpt_web.connection import Connection
from provider.interface.turns import UploadedFile

_SLOTS = 2


async def upload(connection: Connection, content: bytes, *, name: str, mime_type: str) -> UploadedFile:
    """Store an input upstream; a slot that refuses the bytes, because it expired, is replaced once.

    Raises:
        FileUploadFailedError: the second slot refused them too.
        FileNotFoundUpstreamError: upstream does not find them in the slot that took them.
        FeatureLimitError: the account's upload quota is used up.
    """
    for attempt in range(_SLOTS):
        file_id, url = await _slot(connection, content, name, mime_type)
        try:
            await connection.put_blob(url, content, mime_type)
        except FileUploadFailedError:
            if attempt + 1 == _SLOTS:
                raise
            continue
        path = f"/backend-api/files/{quote(file_id, safe='')}/uploaded"
        confirmed = await connection.call("POST", path, context="file_confirm", body={})
        if isinstance(confirmed, dict) and confirmed.get("status") == "error":
            raise errors.from_file_status(confirmed)
        return UploadedFile(file_id, name, mime_type, len(content), *_size(content))
    raise AssertionError("the loop returns or raises")


async def _slot(connection: Connection, content: bytes, name: str, mime_type: str) -> tuple[str, str]:
    use_case = "multimodal" if mime_type.startswith("image/") else "my_files"
    body = {"file_name": name, "file_size": len(content), "use_case": use_case}
    answer = await connection.call("POST", "/backend-api/files", context="file_create", body=body)
    file_id = answer.get("file_id") if isinstance(answer, dict) else None
    url = answer.get("upload_url") if isinstance(answer, dict) else None
    if not isinstance(file_id, str) or not isinstance(url, str) or not file_id or not url:
        raise errors.malformed("Upstream gave no slot for an upload.")
    return file_id, url


def _size(content: bytes) -> tuple[int | None, int | None]:
    """Width and height in pixels, without decoding the picture."""
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None, None
