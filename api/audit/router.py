"""`/v1/chatgpt/audit`: what was changed, when, by whom."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.dependencies import ServicesDep
from api.operations.view import seconds

router = APIRouter(prefix="/v1/chatgpt/audit", tags=["audit"])


@router.get("")
async def list_changes(
    services: ServicesDep,
    *,
    action: str | None = None,
    subject: str | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Changes, newest first.

    Args:
        action: such as `key.revoked`; `key.` stands for all that begin so.
        subject: an alias, a key's id, ...
        cursor: `next_cursor` of the page before.
    """
    page = await services.bridge.audit.page(action=action, subject=subject, cursor=cursor, limit=limit)
    return {
        "object": "list",
        "data": [
            {
                "object": "chatgpt.audit",
                "number": entry.number,
                "at": seconds(entry.at),
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "before": entry.before,
                "after": entry.after,
            }
            for entry in page.items
        ],
        "has_more": page.next_cursor is not None,
        "next_cursor": page.next_cursor,
    }
