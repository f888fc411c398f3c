"""`/v1/chatgpt/accounts`: accounts, added, changed and removed while the server runs."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.accounts import checking, service
from api.accounts.refusals import with_inspection
from api.accounts.schemas import (
    AddAccountRequest,
    ChangeAccountRequest,
    InspectCaptureRequest,
    RestoreCaptureRequest,
    UpdateCaptureRequest,
)
from api.body import read_object
from api.dependencies import GrantDep, ServicesDep
from api.validation import validated
from core.errors import CaptureRejectedError

router = APIRouter(prefix="/v1/chatgpt/accounts", tags=["accounts"])
_Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("")
async def list_accounts(services: ServicesDep) -> dict[str, Any]:
    """Every account: how it stands, what it does, and what its operator should do."""
    return {"object": "list", "data": await service.every(services)}


@router.post("", status_code=201, response_class=JSONResponse)
async def add_account(request: Request, services: ServicesDep, grant: GrantDep) -> Response:
    """Make an account of a capture, proved first; a name that is taken is refused."""
    wanted = validated(AddAccountRequest, await read_object(request.scope, request.receive))
    try:
        added = await service.add(services, grant, wanted)
    except CaptureRejectedError as error:
        return await with_inspection(services, wanted.capture, error)
    return JSONResponse(added, 201, {"location": f"/v1/chatgpt/accounts/{added['alias']}"})


@router.post("/inspect")
async def inspect_capture(request: Request, services: ServicesDep) -> dict[str, Any]:
    """What a capture holds, also when it cannot be used; nothing is sent and nothing written."""
    return await service.inspect(
        services, validated(InspectCaptureRequest, await read_object(request.scope, request.receive))
    )


@router.get("/events")
async def list_all_events(services: ServicesDep, cursor: str | None = None, limit: _Limit = 50) -> dict[str, Any]:
    """What happened to all accounts, newest first."""
    return await service.events(services, None, cursor=cursor, limit=limit)


@router.get("/{alias}")
async def read_account(alias: str, services: ServicesDep) -> dict[str, Any]:
    """One account, with what its capture says."""
    return await service.one(services, alias)


@router.patch("/{alias}")
async def change_account(alias: str, request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Change state, weight, tags or note; what the body does not name stays."""
    wanted = validated(ChangeAccountRequest, await read_object(request.scope, request.receive))
    return await service.change(services, grant, alias, wanted)


@router.delete("/{alias}")
async def delete_account(
    alias: str, services: ServicesDep, grant: GrantDep, *, keep_capture: bool = False
) -> dict[str, Any]:
    """Remove an account; with `keep_capture` its capture is put aside and can be restored."""
    return await service.delete(services, grant, alias, keep_capture=keep_capture)


@router.put("/{alias}/capture", response_class=JSONResponse)
async def update_capture(alias: str, request: Request, services: ServicesDep, grant: GrantDep) -> Response:
    """Give an account a newer capture, proved first; the one before is kept."""
    wanted = validated(UpdateCaptureRequest, await read_object(request.scope, request.receive))
    try:
        return JSONResponse(await service.update(services, grant, alias, wanted))
    except CaptureRejectedError as error:
        return await with_inspection(services, wanted.capture, error)


@router.post("/{alias}/restore")
async def restore_capture(alias: str, request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Have the previous capture and the present one change places."""
    wanted = validated(RestoreCaptureRequest, await read_object(request.scope, request.receive))
    return await service.restore(services, grant, alias, wanted)


@router.post("/{alias}/check")
async def check_account(alias: str, services: ServicesDep, grant: GrantDep, *, again: bool = False) -> dict[str, Any]:
    """Ask upstream whether an account works; costs no chat. The body is not read.

    With `again` one that upstream has closed is asked as well, and taken back if it answers.
    """
    return await checking.check_one(services, grant, alias, again=again)


@router.get("/{alias}/events")
async def list_events(
    alias: str, services: ServicesDep, cursor: str | None = None, limit: _Limit = 50
) -> dict[str, Any]:
    """What happened to an account, newest first, also to one that is gone."""
    return await service.events(services, alias, cursor=cursor, limit=limit)
