"""`/v1/conversations`: what was said, kept here for clients that name a conversation instead of sending it again."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request

from api.body import read_object
from api.conversations.schemas import ConversationBody, ItemsBody
from api.dependencies import GrantDep, ServicesDep
from api.pages import page_of
from api.responses import items
from api.responses.reading import conversation_items
from api.validation import validated
from bridge.responses.conversations import KeptConversation
from bridge.responses.places import Item
from core import ids
from core.clock import utc_now
from core.errors import NotFoundError

router = APIRouter(prefix="/v1/conversations", tags=["conversations"])


@router.post("")
async def create_conversation(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """A new conversation, with up to 20 items in it."""
    body = validated(ConversationBody, await read_object(request.scope, request.receive))
    made = KeptConversation(ids.conversation_id(), grant.owner, utc_now(), body.metadata or {})
    await services.bridge.conversations.create(made, _checked(body.items, made.id))
    return _view(made)


@router.get("/{conversation_id}")
async def read_conversation(conversation_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """One conversation, without its items."""
    return _view(await services.bridge.conversations.get(conversation_id, grant.sees))


@router.post("/{conversation_id}")
async def update_conversation(
    conversation_id: str, request: Request, services: ServicesDep, grant: GrantDep
) -> dict[str, Any]:
    """Give a conversation other metadata."""
    body = validated(ConversationBody, await read_object(request.scope, request.receive))
    await services.bridge.conversations.rename(conversation_id, grant.sees, body.metadata or {})
    return _view(await services.bridge.conversations.get(conversation_id, grant.sees))


@router.delete("/{conversation_id}")
async def delete_conversation(conversation_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Forget a conversation and its items; responses of it stay."""
    await services.bridge.conversations.remove(conversation_id, grant.sees)
    return {"id": conversation_id, "object": "conversation.deleted", "deleted": True}


@router.get("/{conversation_id}/items")
async def list_items(
    conversation_id: str,
    services: ServicesDep,
    grant: GrantDep,
    *,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """What was said in a conversation, a page of it."""
    found = await conversation_items(services, conversation_id, grant.sees)
    return page_of(found, after=after, limit=limit, order=order)


@router.post("/{conversation_id}/items")
async def add_items(conversation_id: str, request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Add up to 20 items at the end; the answer shows them as they are kept."""
    body = validated(ItemsBody, await read_object(request.scope, request.receive))
    # Ids must not be those of items that were there before, and may be gone.
    added = _checked(body.items, ids.conversation_id())
    await services.bridge.conversations.append(conversation_id, grant.sees, added, place=None)
    return page_of(added, after=None, limit=len(added), order="asc")


@router.get("/{conversation_id}/items/{item_id}")
async def read_item(conversation_id: str, item_id: str, services: ServicesDep, grant: GrantDep) -> Item:
    """One item."""
    for item in await conversation_items(services, conversation_id, grant.sees):
        if item["id"] == item_id:
            return item
    raise NotFoundError(f"The conversation has no item {item_id!r}.", param="item_id")


@router.delete("/{conversation_id}/items/{item_id}")
async def delete_item(conversation_id: str, item_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Take one item out; the answer is the conversation."""
    await services.bridge.conversations.remove_item(conversation_id, grant.sees, item_id)
    return await read_conversation(conversation_id, services, grant)


def _checked(given: list[Any] | None, within: str) -> tuple[Item, ...]:
    """The items as they are kept.

    Raises:
        InvalidRequestError, UnsupportedParameterError: `param` names the one that could not be said.
    """
    read = items.read_items(given, param="items")
    items.said(read, param="items", offer=None)
    return items.named(read, within)


def _view(conversation: KeptConversation) -> dict[str, Any]:
    return {
        "id": conversation.id,
        "object": "conversation",
        "created_at": int(conversation.created_at.timestamp()),
        "metadata": conversation.metadata,
    }
