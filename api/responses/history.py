"""What a response goes on from."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from api.responses.reading import conversation_items, items_before
from api.responses.schemas import ResponseBody
from api.services import Services
from bridge.responses.places import Item, Place
from core.errors import InvalidRequestError

Load: TypeAlias = Callable[[], Awaitable[tuple[Item, ...]]]


@dataclass(frozen=True, slots=True)
class History:
    """Everything that was said before.

    Attributes:
        place: where it can be gone on with upstream, `None` where it has to be said again.
        items: loads all of it, oldest first.
    """

    place: Place | None
    items: Load


async def history_of(services: Services, request: ResponseBody, owner: str) -> History:
    """What a request goes on from: a response, a conversation, or nothing.

    Raises:
        InvalidRequestError: it names both.
        NotFoundError: there is none, or it is another owner's; `param` names the field.
    """
    previous, conversation = request.previous_response_id, request.conversation
    if previous is not None and conversation is not None:
        raise InvalidRequestError(
            "Give one of `previous_response_id` and `conversation`, not both.", param="conversation"
        )
    if previous is not None:
        place = await services.bridge.responses.place(previous, owner)
        return History(place, lambda: items_before(services, previous, owner))
    if conversation is not None:
        kept = await services.bridge.conversations.get(conversation, owner)
        return History(kept.place, lambda: conversation_items(services, conversation, owner, to_go_on=True))
    return NOTHING


async def _nothing() -> tuple[Item, ...]:
    return ()


NOTHING = History(None, _nothing)
"""A beginning."""
