"""`GET /v1/models`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter

from api.caller import accounts_of
from api.dependencies import GrantDep, ServicesDep
from bridge.accounts.account import Account
from bridge.chat.models import IMAGE, RESEARCH, image_slug, is_listed, is_research, listed, mode_of
from bridge.keys.grant import Grant
from core.contracts.keys import AccessScope
from core.errors import UnknownModelError

router = APIRouter(prefix="/v1/models", tags=["models"])

_WORK = (AccessScope.CHAT, AccessScope.IMAGES, AccessScope.RESEARCH)


@router.get("")
async def list_models(services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Every model that the plan of some account offers which the key may use, and that the key may ask for."""
    accounts = await accounts_of(services, grant)
    names = (name for name in listed(accounts) if _may_use(grant, name, accounts))
    return {"object": "list", "data": [_model(name) for name in names]}


@router.get("/{model_id:path}")
async def read_model(model_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """One of them; its name may have the prefix `chatgpt-web/`."""
    accounts = await accounts_of(services, grant)
    if not (is_listed(model_id, accounts) and _may_use(grant, model_id, accounts)):
        raise UnknownModelError(f"The model {model_id!r} does not exist.", param="model")
    return _model(model_id)


def _may_use(grant: Grant, name: str, accounts: Sequence[Account]) -> bool:
    # A key that only reads looks at all of it; one that works is offered what it may ask for.
    if grant.allows(*_WORK) and not grant.allows(*_opened_by(name)):
        return False
    if not grant.models:
        return True
    if is_research(name):
        return grant.allows_model(name, RESEARCH)
    return grant.allows_model(name, image_slug(name, accounts))


def _opened_by(name: str) -> tuple[AccessScope, ...]:
    if is_research(name):
        return (AccessScope.RESEARCH,)
    if mode_of(name) is not None:
        return (AccessScope.CHAT,)
    return (AccessScope.IMAGES,) if name == IMAGE else (AccessScope.CHAT, AccessScope.IMAGES)


def _model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": 0, "owned_by": "chatgpt-web"}
