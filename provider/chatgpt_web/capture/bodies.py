"""Find the JSON body in pasted text (docs/protocol.md section 1.6)."""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

_TELLING = (
    "action",
    "messages",
    "model",
    "parent_message_id",
    "conversation_id",
    "client_prepare_state",
    "conversation_mode",
)
_MOST_TRIES = 2_000
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")


def json_object(text: str | None) -> dict[str, Any] | None:
    """The object `text` is or begins with, blanks before it allowed; `None` when it is none."""
    found = object_at(text, 0) if text else None
    return found[0] if found else None


def object_at(text: str, at: int) -> tuple[dict[str, Any], int] | None:
    """The object that begins at `at`, blanks before it allowed, and where it ends; `None` when there is none."""
    while at < len(text) and text[at].isspace():
        at += 1
    if not text.startswith("{", at):
        return None
    try:
        value, end = _DECODER.raw_decode(text, at)
        return encodable(value, text[at:end]), end
    except (ValueError, RecursionError):
        return None


def encodable(value: dict[str, Any], text: str) -> dict[str, Any]:
    """`value` with half surrogate pairs replaced: JSON can write them, but nothing can send them."""
    if not _SURROGATE.search(text):
        return value
    clean = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
    repaired: dict[str, Any] = json.loads(clean)
    return repaired


def last_request_object(text: str) -> tuple[dict[str, Any], int, int] | None:
    """The last JSON object in `text` that has a request's keys, where it begins and where it ends.

    Braces that begin no object are tried up to 2,000 times, far more than any copied request has.
    """
    last: tuple[dict[str, Any], int, int] | None = None
    tries = 0
    at = text.find("{")
    while at != -1 and tries < _MOST_TRIES:
        found = object_at(text, at)
        if found is None:
            tries += 1
            at = text.find("{", at + 1)
            continue
        value, end = found
        if any(key in value for key in _TELLING):
            last = (value, at, end)
        at = text.find("{", end)
    return last


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise ValueError("a number is too large to be sent again")
    return number


_DECODER = json.JSONDecoder(strict=False, parse_constant=_no_number, parse_float=_finite)
