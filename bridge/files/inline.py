"""Pictures that stand in the request itself: data URLs and base64."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
from urllib.parse import unquote_to_bytes

from core.errors import InvalidRequestError, RequestTooLargeError

_SHORTEST_BASE64 = 64
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]++=*+\s*+")
_LOOKED_AT = 4096
"""Enough to tell base64 from a path; whether all of it is valid shows when it is decoded."""

_MANY = 256 * 1024
"""Longer texts are decoded in a thread, so that other requests go on meanwhile."""


def is_data_url(text: str) -> bool:
    """Whether a text is meant as one."""
    return text[:5].lower() == "data:"


def seems_base64(text: str) -> bool:
    """Whether a text that says nothing of itself can only be base64: no path is as long and as plain."""
    return len(text) >= _SHORTEST_BASE64 and _BASE64.fullmatch(text, 0, _LOOKED_AT) is not None


async def data_url(text: str, *, most_bytes: int, param: str) -> bytes:
    """The bytes of a data URL, in base64 or percent-encoded; its type is not believed.

    Raises:
        InvalidRequestError: it is malformed.
        RequestTooLargeError: it holds more than `most_bytes`.
    """
    head, comma, data = text.partition(",")
    if not comma:
        raise InvalidRequestError(f"`{param}` is not a data URL.", param=param)
    if head.rstrip().lower().endswith(";base64"):
        return await base64_bytes(data, most_bytes=most_bytes, param=param)
    # Three characters a byte at most.
    _require_fits(len(data) // 3, most_bytes, param)
    content = unquote_to_bytes(data) if len(data) < _MANY else await asyncio.to_thread(unquote_to_bytes, data)
    _require_fits(len(content), most_bytes, param)
    return content


async def base64_bytes(text: str, *, most_bytes: int, param: str) -> bytes:
    """The bytes of base64, which may be broken into lines.

    Raises:
        InvalidRequestError: it is malformed, or empty.
        RequestTooLargeError: it holds more than `most_bytes`.
    """
    try:
        content = _decoded(text) if len(text) < _MANY else await asyncio.to_thread(_decoded, text)
    except (binascii.Error, ValueError):
        raise InvalidRequestError(f"`{param}` is not valid base64.", param=param) from None
    if not content:
        raise InvalidRequestError(f"`{param}` is empty.", param=param)
    _require_fits(len(content), most_bytes, param)
    return content


def _decoded(text: str) -> bytes:
    # A percent-encoded `+`, `/` or `=` is common in data URLs that went through a query.
    plain = unquote_to_bytes(text).decode("ascii") if "%" in text else text
    return base64.b64decode("".join(plain.split()), validate=True)


def _require_fits(size: int, most_bytes: int, param: str) -> None:
    if size > most_bytes:
        raise RequestTooLargeError(f"`{param}`: the picture is larger than {most_bytes} bytes.", param=param)
