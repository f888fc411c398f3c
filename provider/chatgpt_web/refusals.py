"""What upstream's refusals say, docs/protocol.md section 8: bodies, error objects and the time to come back."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple


class Refusal(NamedTuple):
    """A refusal, taken apart.

    Attributes:
        code: upstream's code, empty when there is none.
        text: upstream's words to a person, empty when there are none.
        lower: the words in lower case, for matching.
        clears_in: seconds until it may go on, `None` when upstream does not say.
        is_validation: a list of fields with the wrong shape.
    """

    code: str
    text: str
    lower: str
    clears_in: float | None
    is_validation: bool


def read_body(body: str) -> Refusal:
    """Reads the body of a response. A page says nothing: it is no message to a person, and its words decide nothing."""
    try:
        return read_error(json.loads(body))
    except (ValueError, RecursionError):
        return read_error("" if body.lstrip().startswith("<") else body)


def read_error(document: object) -> Refusal:
    """Reads `{"detail": ...}`, `{"error": ...}`, such an inner object itself, or a plain string."""
    inner = document
    for key in ("detail", "error"):
        if isinstance(inner, dict) and inner.get(key):
            inner = inner[key]
    if isinstance(inner, str):
        around = document if isinstance(document, dict) else {}
        return _refusal(_text(around.get("error_code")) or _text(around.get("code")), inner, around)
    if isinstance(inner, list):
        return Refusal("", "", "", None, True)
    fields = inner if isinstance(inner, dict) else {}
    return _refusal(_text(fields.get("code")), _text(fields.get("message")), fields)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The `retry-after` header (lower-case names) in seconds, `None` when there is none that makes sense.

    A date is measured against the response's own `date`, so that no clock of ours takes part.
    """
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is not None:
        return seconds
    until, now = _date(value), _date(headers.get("date", ""))
    return max((until - now).total_seconds(), 0.0) if until and now else None


def _refusal(code: str, text: str, fields: dict[str, Any]) -> Refusal:
    return Refusal(code, text, text.lower(), _number(fields.get("clears_in")), False)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> float | None:
    try:
        number = float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and number >= 0 else None


def _date(value: str) -> datetime | None:
    try:
        return parsedate_to_datetime(value) if value else None
    except ValueError:
        return None
