"""`/v1/chatgpt/route/explain`: where a request would go now, and why not elsewhere."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from api.body import read_object
from api.dependencies import ServicesDep
from api.route import service, view

router = APIRouter(prefix="/v1/chatgpt/route", tags=["routing"])


@router.post("/explain")
async def explain(request: Request, services: ServicesDep) -> dict[str, Any]:
    """The request as it would be sent, and what would become of it; nothing is sent and nothing is spent.

    `kind` says which route it would be sent to (`chat` without it), `request` holds its body; without `request` the
    rest of this body is it.
    """
    body = await read_object(request.scope, request.receive)
    return view.explanation(await service.explain(services, body, request.scope))
