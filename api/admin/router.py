"""`/v1/chatgpt/admin`: the operator's older routes."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.accounts.refusals import with_inspection
from api.admin import files, service, slots, status, trials
from api.admin.schemas import CheckRequest, DeleteFileRequest, DeleteRequest, InspectRequest, SaveRequest
from api.body import read_object
from api.dependencies import GrantDep, LinksDep, ServicesDep
from api.images.serving import OperationRoute
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


@router.get("/status")
async def read_status(request: Request, services: ServicesDep) -> dict[str, Any]:
    """Where the server listens, how it routes, what is saved, and where files lie."""
    return await status.status(services, request.scope["server"][1])


@router.get("/settings")
async def read_settings(services: ServicesDep) -> dict[str, Any]:
    """Slots in force, what of them is saved, and where each number comes from."""
    return {"object": "chatgpt.admin.settings", "settings": await slots.settings(services)}


@router.post("/settings/save")
async def save_settings(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Have exactly these slots saved."""
    return await slots.save(services, grant, await read_object(request.scope, request.receive))


@router.post("/settings/reset")
async def reset_settings(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Forget every saved slot."""
    await read_object(request.scope, request.receive)
    return await slots.reset(services, grant)


@router.get("/artifacts")
async def list_artifacts(services: ServicesDep, links: LinksDep, limit: str | None = None) -> dict[str, Any]:
    """The newest files of everybody."""
    return await files.listed(services, links, limit)


@router.post("/artifacts/delete")
async def delete_artifact(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Forget a file, with its bytes or without."""
    wanted = validated(DeleteFileRequest, await read_object(request.scope, request.receive))
    return await files.delete(services, grant, wanted.file_id, file=wanted.delete_file)


@router.post("/test/chat")
async def try_chat(request: Request, services: ServicesDep) -> dict[str, Any]:
    """Run a chat as a client would."""
    return await trials.chat(services, request.scope, request.receive)


router.routes.append(
    Route(f"{router.prefix}/test/image", OperationRoute(trials.read_image, trials.image_document), methods=["POST"])
)
