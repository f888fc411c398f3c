"""Query parameters, headers and bodies of the operation routes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BeforeValidator
from starlette.datastructures import Headers

from api.validation import Request, shown
from core.contracts.research import PlanDecision
from core.errors import InvalidRequestError

_LONGEST_NUMBER = 15


class PlanBody(Request):
    """A decision on a research's plan; `text` says what to change, for `edit` alone."""

    decision: PlanDecision
    text: str = ""


def last_event_id(headers: Headers) -> int | None:
    """The number behind which a stream that broke goes on; `None` when the client names none.

    Raises:
        InvalidRequestError: it is no number of an event.
    """
    given = headers.get("last-event-id", "").strip()
    if not given:
        return None
    if not given.isascii() or not given.isdecimal() or len(given) > _LONGEST_NUMBER:
        raise InvalidRequestError("`Last-Event-ID` must be the number of an event.", param="Last-Event-ID")
    return int(given)


def wants_json(headers: Headers) -> bool:
    """Whether the client takes JSON and no stream of events."""
    accepted = ",".join(headers.getlist("accept")).lower()
    return "application/json" in accepted and "text/event-stream" not in accepted


def moment(value: object) -> object:
    """Unix seconds or ISO 8601; a time without a zone is UTC."""
    if not isinstance(value, str):
        return value
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except (OverflowError, OSError):
        raise ValueError("must be a time that a calendar has") from None
    except ValueError:
        pass
    try:
        given = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError("must be Unix seconds or a time in ISO 8601") from None
    return given if given.tzinfo else given.replace(tzinfo=UTC)


Since = Annotated[
    datetime | None, BeforeValidator(moment), shown({"type": "string", "format": "date-time"}, {"type": "number"})
]
"""A moment, aware."""
