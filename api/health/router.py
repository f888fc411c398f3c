"""`/health`: for people, for supervisors and for load balancers."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import JSONResponse

from api.auth import GRANT
from api.caller import accounts_of
from api.dependencies import GrantDep, ServicesDep
from api.health import service
from bridge.keys.grant import Grant
from core.contracts.buckets import Bucket
from core.contracts.keys import AccessScope

router = APIRouter(prefix="/health", tags=["health"])


@router.get("")
async def health(services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """What this server serves, and with which accounts, as far as the key may use them."""
    accounts = await accounts_of(services, grant)
    return {
        "ok": True,
        "account": accounts[0].alias if accounts else None,
        "accounts": [account.alias for account in accounts],
        "account_strategy": services.settings.accounts.strategy.value,
        "account_concurrency": {account.alias: account.limits.get(Bucket.CHAT, 1) for account in accounts},
        "artifact_downloads": {
            "route": "/v1/chatgpt/files/{id}/{filename}",
            "public_base_url": services.settings.server.public_base_url,
        },
    }


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@router.get("/ready")
async def ready(
    request: Request, services: ServicesDep, need: Annotated[Literal["chat"] | None, Query(alias="for")] = None
) -> JSONResponse:
    """Whether work can be taken: 503 while a part that it needs is missing.

    Details are for those with the key, and so are warnings of captures that end and of accounts that somebody has to
    look after, which change no status.
    """
    found = await service.parts(services)
    status = service.ready(found, for_chat=need == "chat")
    grant: Grant | None = request.scope[GRANT]
    if grant is not None and not grant.allows(AccessScope.READ, AccessScope.ADMIN):
        grant = None
    shown = [
        {"name": part.name, "state": part.state, **({"detail": part.detail} if grant and part.detail else {})}
        for part in found
    ]
    body: dict[str, Any] = {"status": status, "parts": shown}
    if grant is not None:
        body["warnings"] = await service.warnings(services, grant)
    return JSONResponse(body, 503 if status == "unavailable" else 200)
