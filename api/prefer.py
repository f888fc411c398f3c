"""Request headers that say how work is to be answered, and whether it was asked for before."""

from __future__ import annotations

import re

from starlette.datastructures import Headers

from core.errors import InvalidRequestError

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def responds_async(headers: Headers) -> bool:
    """Whether `Prefer` asks for an answer at once, before the work is done."""
    wishes = re.split(r"[,;]", ",".join(headers.getlist("prefer")))
    return any(wish.strip().lower() == "respond-async" for wish in wishes)


def idempotency_key(headers: Headers) -> str | None:
    """The client's key for this request.

    Raises:
        InvalidRequestError: it is longer than 255 characters, or holds others than visible ASCII.
    """
    key = headers.get("idempotency-key")
    if key is not None and not _KEY.fullmatch(key):
        raise InvalidRequestError(
            "`Idempotency-Key` must be 1 to 255 visible ASCII characters.", param="Idempotency-Key"
        )
    return key


def retry_count(headers: Headers) -> int:
    """Which retry this is by the count of a vendor's SDK; 0 for a first try and where nobody counts."""
    count = headers.get("x-stainless-retry-count", "0")
    return int(count) if count.isascii() and count.isdecimal() and len(count) < 4 else 0
