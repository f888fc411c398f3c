"""Reading and cancelling: operations of the database and chats of this process."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api import launch
from api.operations.view import chat_view, envelope, view
from api.services import Services
from bridge.operations.listing import Page
from core.contracts.operations import OperationKind, OperationState
from core.ids import PRIMARY_OWNER

_CANCEL_SECONDS = 2.5
"""How long a cancel waits to be able to say what upstream answered."""


async def page(
    services: Services,
    *,
    kind: OperationKind | None,
    state: OperationState | None,
    account: str | None,
    since: datetime | None,
    cursor: str | None,
    limit: int,
) -> Page:
    """Some operations, newest first.

    Raises:
        InvalidRequestError: the cursor is none that a page gave out.
    """
    return await services.bridge.operations.list(
        PRIMARY_OWNER, kind=kind, state=state, account=account, since=since, cursor=cursor, limit=limit
    )


def page_view(found: Page, base: str) -> dict[str, Any]:
    """A page as clients see it."""
    return {
        "object": "list",
        "data": [view(record, base) for record in found.items],
        "has_more": found.next_cursor is not None,
        "next_cursor": found.next_cursor,
    }


async def read(services: Services, operation_id: str, base: str) -> dict[str, Any]:
    """One operation; of its row and its workflow's own view the later one.

    Raises:
        NotFoundError: there is none of that id.
    """
    chat = services.chats.get(operation_id, PRIMARY_OWNER)
    if chat is not None:
        return chat_view(chat)
    record = await services.bridge.operations.get(operation_id, PRIMARY_OWNER)
    current, stale = await services.temporal.current(record)
    return envelope(current, base, stale=stale)


async def cancel(services: Services, operation_id: str, base: str) -> dict[str, Any]:
    """Ask for a stop, and wait a moment for what comes of it.

    Raises:
        NotFoundError: there is none of that id.
    """
    chat = services.chats.get(operation_id, PRIMARY_OWNER)
    if chat is not None:
        chat.cancel()
        return {"status": "ok", **chat_view(chat)}
    await launch.cancel(services, operation_id)
    await services.bridge.feed.wait_finished(operation_id, _CANCEL_SECONDS)
    return {"status": "ok", **await read(services, operation_id, base)}
