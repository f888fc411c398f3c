"""`/v1/chatgpt/limits`: slots by plan and by account, read and changed while the bridge runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from api.body import read_object
from api.dependencies import GrantDep, ServicesDep
from api.limits import service
from api.limits.schemas import LimitsRequest
from api.validation import validated

router = APIRouter(prefix="/v1/chatgpt/limits", tags=["limits"])


@router.get("")
async def read_limits(services: ServicesDep) -> dict[str, Any]:
    """Every number of slots that is in force, where it comes from, and how many slots are taken."""
    return await service.now(services)


@router.put("")
async def replace_limits(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Have exactly what the body says saved; it applies at once. What it does not name is not saved any more."""
    wanted = validated(LimitsRequest, await read_object(request.scope, request.receive))
    return await service.replace(services, grant, wanted)


@router.patch("")
async def change_limits(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Change what the body names; `null` takes a saved number back. The rest stays."""
    wanted = validated(LimitsRequest, await read_object(request.scope, request.receive))
    return await service.change(services, grant, wanted)


@router.delete("")
async def reset_limits(services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Forget everything that was saved: the environment and the plan table count again."""
    return await service.replace(services, grant, LimitsRequest())
