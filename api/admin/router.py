"""`/v1/chatgpt/admin`: accounts, added and removed while the server runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts.refusals import with_inspection
from api.admin import service
from api.admin.schemas import CheckRequest, DeleteRequest, InspectRequest, SaveRequest
from api.body import read_object
from api.dependencies import GrantDep, ServicesDep
from api.validation import validated
from core.errors import CaptureRejectedError

router = APIRouter(prefix="/v1/chatgpt/admin", tags=["admin"])


@router.get("/accounts")
async def list_accounts(services: ServicesDep) -> dict[str, Any]:
    """Every account, its plan and its health."""
    return await service.accounts(services)


@router.post("/captures/inspect")
async def inspect_capture(request: Request, services: ServicesDep) -> dict[str, Any]:
    """What a capture holds, also when it cannot be used; nothing is written."""
    body = await read_object(request.scope, request.receive)
    return await service.inspect(services, validated(InspectRequest, body))


@router.post("/captures/save", response_class=JSONResponse)
async def save_capture(request: Request, services: ServicesDep, grant: GrantDep) -> Response:
    """Check a capture, prove it upstream if that is wanted, and only then keep it."""
    wanted = validated(SaveRequest, await read_object(request.scope, request.receive))
    try:
        return JSONResponse(await service.save(services, grant, wanted))
    except CaptureRejectedError as error:
        return await with_inspection(services, service.text_of(wanted), error, alias=wanted.account)


@router.post("/accounts/check")
async def check_accounts(request: Request, services: ServicesDep) -> dict[str, Any]:
    """Ask upstream whether accounts work, in parallel; costs no chat."""
    return await service.check(services, validated(CheckRequest, await read_object(request.scope, request.receive)))


@router.post("/accounts/delete")
async def delete_account(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Remove an account."""
    wanted = validated(DeleteRequest, await read_object(request.scope, request.receive))
    return await service.delete(services, grant, wanted)
