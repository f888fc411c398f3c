"""`/v1/chatgpt/cooldowns`: what accounts are not asked for at present, and an end to it by hand."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.requests import Request

from api.body import read_object
from api.dependencies import GrantDep, ServicesDep
from api.operations.view import seconds
from api.validation import StrictRequest, validated
from bridge.quota.cooling import Cooling
from core.clock import utc_now

router = APIRouter(prefix="/v1/chatgpt/cooldowns", tags=["accounts"])


class ClearRequest(StrictRequest):
    """Whose cooldowns to end. `scope`: `account`, `model:<slug>` or `bucket:<bucket>`; without it all of them."""

    account: str
    scope: str | None = None


@router.get("")
async def list_cooldowns(services: ServicesDep, *, account: str | None = None) -> dict[str, Any]:
    """Every cooldown, with what it was learnt from, who named its end and when that is.

    `state`: `running`; `over`, so that the next request tries the account; or `trying`, because one does.
    """
    return {"object": "list", "data": [_shown(one) for one in await services.bridge.cooldowns.all(account)]}


@router.post("/clear")
async def clear_cooldowns(request: Request, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """End an account's cooldowns: the next request tries it.

    `quota_unknown` are the features that a refusal had called used up; what upstream counted itself stays known.
    """
    wanted = validated(ClearRequest, await read_object(request.scope, request.receive))
    cleared = await services.bridge.cooldowns.clear(wanted.account.strip(), wanted.scope, actor=grant.actor)
    ended = [_shown(one) for one in cleared.ended]
    return {"object": "list", "data": ended, "quota_unknown": list(cleared.doubted)}


def _shown(one: Cooling) -> dict[str, Any]:
    cooldown, now = one.cooldown, utc_now()
    return {
        "account": one.account,
        "scope": cooldown.scope,
        "reason": cooldown.reason,
        "source": cooldown.source,
        "evidence": cooldown.evidence,
        "since": seconds(cooldown.since),
        "until": seconds(cooldown.until),
        "seconds_left": max(round((cooldown.until - now).total_seconds()), 0),
        "longest_seconds": round(cooldown.cap.total_seconds()),
        "strikes": cooldown.strikes,
        "state": "trying" if one.tried else "over" if cooldown.over(now) else "running",
    }
