"""`GET /v1/models`."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from api.dependencies import ServicesDep
from bridge.chat.models import is_listed, listed
from core.errors import UnknownModelError

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
async def list_models(services: ServicesDep) -> dict[str, Any]:
    """Every model that some account's plan offers."""
    accounts = await services.bridge.registry.snapshot()
    return {"object": "list", "data": [_model(name) for name in listed(accounts)]}


@router.get("/{model_id:path}")
async def read_model(model_id: str, services: ServicesDep) -> dict[str, Any]:
    """One of them; its name may have the prefix `chatgpt-web/`."""
    if not is_listed(model_id, await services.bridge.registry.snapshot()):
        raise UnknownModelError(f"The model {model_id!r} does not exist.", param="model")
    return _model(model_id)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chatgpt-web"}
