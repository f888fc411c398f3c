"""`/v1/chatgpt/audit`: what was changed, when, by whom."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.audit.schemas import AuditQuery
from api.dependencies import ServicesDep
from api.operations.view import seconds

router = APIRouter(prefix="/v1/chatgpt/audit", tags=["audit"])


@router.get("")
async def list_changes(services: ServicesDep, query: Annotated[AuditQuery, Query()]) -> dict[str, Any]:
    """Changes, newest first."""
    page = await services.bridge.audit.page(query.filters(), cursor=query.cursor, limit=query.limit)
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
