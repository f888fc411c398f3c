"""Find the JSON body in pasted text (docs/protocol.md section 1.6)."""

from __future__ import annotations

import json
from typing import Any

_TELLING = (
    "action",
    "messages",
    "model",
    "parent_message_id",
    "conversation_id",
    "client_prepare_state",
    "conversation_mode",
)
_DECODER = json.JSONDecoder(strict=False)


def json_object(text: str | None) -> dict[str, Any] | None:
    """The object `text` is or begins with, blanks before it allowed; `None` when it is none."""
    if not text or "{" not in text:
        return None
    return _decoded(text, text.index("{"))[0]


def last_request_object(text: str) -> tuple[dict[str, Any], int] | None:
    """The last JSON object in `text` that has a request's keys, and where it begins."""
    found: tuple[dict[str, Any], int] | None = None
    at = text.find("{")
    while at != -1:
        value, end = _decoded(text, at)
        if value is not None and any(key in value for key in _TELLING):
            found = (value, at)
        at = text.find("{", end if value is not None else at + 1)
    return found


def _decoded(text: str, at: int) -> tuple[dict[str, Any] | None, int]:
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        return None, at
    return (value, end) if isinstance(value, dict) else (None, at)
