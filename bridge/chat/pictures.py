"""Pictures inside a message: data URLs become checked bytes."""

from __future__ import annotations

import asyncio
import base64
import binascii
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote_to_bytes

from bridge.files import images
from core.errors import InvalidRequestError, ProtocolError, UnsupportedParameterError


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that a client sent; `param` names the part it came in. The type is unknown until it was checked."""

    content: bytes = field(repr=False)
    param: str
    name: str = "image"
    mime_type: str = ""


def reference(part: dict[str, Any], param: str) -> Picture:
    """The picture that a content part refers to.

    Raises:
        InvalidRequestError: the part has no reference, or its data URL is malformed.
        UnsupportedParameterError: it refers to something that is not in the request itself.
    """
    url = part.get("image_url") or part.get("url") or part.get("image")
    if isinstance(url, dict):
        url = url.get("url")
    if not isinstance(url, str) or not url.strip():
        raise InvalidRequestError(f"`{param}` has no picture.", param=param)
    url = url.strip()
    if url[:5].lower() != "data:":
        raise UnsupportedParameterError(
            f"`{param}`: this version of the bridge takes pictures as data URLs only.", param=param
        )
    return Picture(_decoded(url, param), param)


async def checked(picture: Picture, number: int) -> Picture:
    """The picture with the type its bytes have, named by its number.

    Raises:
        InvalidRequestError: the bytes are not a PNG, JPEG, WebP or GIF that can be decoded.
    """
    try:
        seen = await asyncio.to_thread(images.examine, picture.content)
    except ProtocolError:
        raise InvalidRequestError(
            f"`{picture.param}` is not a PNG, JPEG, WebP or GIF that can be decoded.", param=picture.param
        ) from None
    return replace(picture, name=f"image-{number}.{seen.extension}", mime_type=seen.content_type)


def _decoded(url: str, param: str) -> bytes:
    head, comma, data = url.partition(",")
    if not comma:
        raise InvalidRequestError(f"`{param}` is not a data URL.", param=param)
    if not head.lower().endswith(";base64"):
        return unquote_to_bytes(data)
    try:
        return base64.b64decode("".join(data.split()), validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError(f"`{param}` is not valid base64.", param=param) from None
