"""Lists as OpenAI pages them: by the id of the last thing that the client has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from core.errors import InvalidRequestError


def page_of(
    things: Sequence[dict[str, Any]], *, after: str | None, limit: int, order: Literal["asc", "desc"]
) -> dict[str, Any]:
    """A page.

    Args:
        things: all there are, oldest first, each with an `id`.

    Raises:
        InvalidRequestError: nothing has the id `after`.
    """
    ordered = list(things) if order == "asc" else list(reversed(things))
    if after is not None:
        place = next((number for number, thing in enumerate(ordered) if thing["id"] == after), None)
        if place is None:
            raise InvalidRequestError(f"`after`: there is no {after!r} in this list.", param="after")
        ordered = ordered[place + 1 :]
    shown = ordered[:limit]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else "",
        "last_id": shown[-1]["id"] if shown else "",
        "has_more": len(ordered) > limit,
    }
