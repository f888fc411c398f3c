"""Times as people read them: in their own zone, which is named."""

from __future__ import annotations

from datetime import datetime

_FORM = "%Y-%m-%d %H:%M:%S %z"


def moment(seconds: float | None) -> str | None:
    """A time in Unix seconds."""
    return None if seconds is None else f"{datetime.fromtimestamp(seconds).astimezone():{_FORM}}"


def moment_of(text: str | None) -> str | None:
    """A time in ISO 8601."""
    return None if text is None else f"{datetime.fromisoformat(text).astimezone():{_FORM}}"


def span(seconds: float | None) -> str | None:
    """How long, as people say it."""
    if seconds is None:
        return None
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.0f} s"
