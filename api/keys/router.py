"""`/v1/chatgpt/keys`: API keys, made, changed and revoked while the server runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.body import read_object
from api.dependencies import GrantDep, ServicesDep
from api.keys import service
from api.keys.schemas import ChangeKeyRequest, CreateKeyRequest
from api.validation import validated

router = APIRouter(prefix="/v1/chatgpt/keys", tags=["keys"])


@router.get("")
async def list_keys(services: ServicesDep) -> dict[str, Any]:
    """Every key, revoked ones too, the oldest first."""
    return {"object": "list", "data": await service.every(services)}


@router.post("", status_code=201, response_class=JSONResponse)
async def create_key(request: Request, services: ServicesDep, grant: GrantDep) -> JSONResponse:
    """Make a key. Its `key` is in this answer and nowhere else."""
    wanted = validated(CreateKeyRequest, await read_object(request.scope, request.receive))
    made = await service.create(services, grant, wanted)
    return JSONResponse(made, 201, {"location": f"/v1/chatgpt/keys/{made['id']}", "cache-control": "no-store"})


@router.get("/{key_id}")
async def read_key(key_id: str, services: ServicesDep) -> dict[str, Any]:
    """One key."""
    return await service.one(services, key_id)


@router.patch("/{key_id}")
async def change_key(key_id: str, request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Change what the body names; what it does not name stays."""
    wanted = validated(ChangeKeyRequest, await read_object(request.scope, request.receive))
    return await service.change(services, grant, key_id, wanted)


@router.delete("/{key_id}")
@router.post("/{key_id}/revoke")
async def revoke_key(key_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Take a key back at once and for good. The body is not read."""
    return await service.revoke(services, grant, key_id)
