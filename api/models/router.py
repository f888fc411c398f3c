"""`GET /v1/models`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from api.dependencies import GrantDep, ServicesDep
from bridge.accounts.account import Account
from bridge.chat.models import RESEARCH, image_slug, is_listed, is_research, listed
from bridge.keys.grant import Grant
from core.errors import UnknownModelError

router = APIRouter(prefix="/v1/models", tags=["models"])


@router.get("")
async def list_models(services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Every model that some account's plan offers, and that the key may use."""
    accounts = await services.bridge.registry.snapshot()
    names = (name for name in listed(accounts) if _may_use(grant, name, accounts))
    return {"object": "list", "data": [_model(name) for name in names]}


@router.get("/{model_id:path}")
async def read_model(model_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """One of them; its name may have the prefix `chatgpt-web/`."""
    accounts = await services.bridge.registry.snapshot()
    if not (is_listed(model_id, accounts) and _may_use(grant, model_id, accounts)):
        raise UnknownModelError(f"The model {model_id!r} does not exist.", param="model")
    return _model(model_id)


def _may_use(grant: Grant, name: str, accounts: Sequence[Account]) -> bool:
    if not grant.models:
        return True
    if is_research(name):
        return grant.allows_model(name, RESEARCH)
    return grant.allows_model(name, image_slug(name, accounts))


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chatgpt-web"}
