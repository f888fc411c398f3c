"""`/v1/chatgpt/admin`: accounts, added and removed while the server runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.admin import service
from api.admin.schemas import DeleteRequest, InspectRequest, SaveRequest
from api.body import read_object
from api.dependencies import ServicesDep
from api.validation import validated
from core.errors import CaptureRejectedError

router = APIRouter(prefix="/v1/chatgpt/admin", tags=["admin"])


@router.get("/accounts")
async def list_accounts(services: ServicesDep) -> dict[str, Any]:
    """Every account, its plan and its health."""
    return {"object": "chatgpt.admin.accounts", "accounts": await service.accounts(services)}


@router.post("/captures/inspect")
async def inspect_capture(request: Request, services: ServicesDep) -> dict[str, Any]:
    """What a capture holds, also when it cannot be used; nothing is written."""
    body = await read_object(request.scope, request.receive)
    return await service.inspect(services, validated(InspectRequest, body))


@router.post("/captures/save", response_class=JSONResponse)
async def save_capture(request: Request, services: ServicesDep) -> Response:
    """Check a capture, prove it upstream if that is wanted, and only then keep it."""
    wanted = validated(SaveRequest, await read_object(request.scope, request.receive))
    try:
        return JSONResponse(await service.save(services, wanted))
    except CaptureRejectedError as error:
        return (await service.rejection(services, wanted, error)).response()


@router.post("/accounts/delete")
async def delete_account(request: Request, services: ServicesDep) -> dict[str, Any]:
    """Remove an account."""
    wanted = validated(DeleteRequest, await read_object(request.scope, request.receive))
    return await service.delete(services, wanted.account)
