"""Responses that are kept, read as they stand now."""

from __future__ import annotations

from collections.abc import Sequence

from api.responses.standing import standing
from api.services import Services
from bridge.responses.conversations import PENDING
from bridge.responses.places import Item
from bridge.responses.records import KeptResponse
from core.errors import NotFoundError, OperationNotFinishedError

WAITING = ("queued", "in_progress")
"""The status of a response that is not answered yet."""


async def find(services: Services, response_id: str, owner: str | None) -> KeptResponse:
    """The owner's response of that id as it stands now; anybody's for `None`.

    Raises:
        NotFoundError: there is none.
    """
    kept = await services.bridge.responses.find(response_id, owner)
    now = await standing(services, kept) if kept is not None else None
    if now is None:
        raise NotFoundError(f"There is no response {response_id!r}.", param="response_id")
    return now


async def conversation_items(
    services: Services, conversation_id: str, owner: str | None, *, to_go_on: bool = False
) -> tuple[Item, ...]:
    """All that was said in a conversation, oldest first; an answer in the background from its end on.

    Args:
        to_go_on: nothing may be missing.

    Raises:
        NotFoundError: there is no such conversation of this owner's.
        OperationNotFinishedError: an answer is not there yet, and nothing may be missing.
    """
    found = await services.bridge.conversations.items(conversation_id, owner)
    said: list[Item] = []
    for item in found:
        if item["type"] == PENDING:
            answer = await _settled(services, conversation_id, item["id"])
            if answer is None and to_go_on:
                raise OperationNotFinishedError(
                    f"The response {item['id']!r} in this conversation is not answered yet.", param="conversation"
                )
            said += answer or ()
        else:
            said.append(item)
    return tuple(said)


async def _settled(services: Services, conversation_id: str, response_id: str) -> Sequence[Item] | None:
    kept = await services.bridge.responses.find(response_id, None)
    now = await standing(services, kept) if kept is not None else None
    if now is not None and now.body["status"] in WAITING:
        return None
    output: Sequence[Item] = now.body["output"] if now is not None else ()
    await services.bridge.conversations.settle(conversation_id, response_id, output)
    return output


async def items_before(services: Services, response_id: str, owner: str) -> tuple[Item, ...]:
    """All that a response and those before it said, oldest first.

    Raises:
        NotFoundError: one of them is not there any more.
        OperationNotFinishedError: one of them is not answered yet.
    """
    said: list[Item] = []
    for kept in await services.bridge.responses.chain(response_id, owner):
        now = await standing(services, kept)
        if now is None:
            raise NotFoundError(f"There is no response {kept.id!r} to go on from.", param="previous_response_id")
        if now.body["status"] in WAITING:
            raise OperationNotFinishedError(
                f"The response {now.id!r} is not answered yet.", param="previous_response_id"
            )
        said += now.said
    return tuple(said)
