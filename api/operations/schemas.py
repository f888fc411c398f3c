"""Query parameters of the list."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator


def _moment(value: object) -> object:
    """Unix seconds or ISO 8601; a time without a zone is UTC."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except OverflowError:
        raise ValueError("must be a time that a calendar has") from None
    except ValueError:
        pass
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be Unix seconds or a time in ISO 8601") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


Since = Annotated[datetime | None, BeforeValidator(_moment)]
"""A moment, aware."""
