"""`/v1/chatgpt/usage`: what is left of each account's quota, what was left before, and what was asked for."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.responses import JSONResponse, PlainTextResponse, Response

from api.dependencies import GrantDep, ServicesDep
from api.operations.schemas import Since
from api.usage import service
from api.usage.table import table

router = APIRouter(prefix="/v1/chatgpt", tags=["usage"])


@router.get("/usage", response_class=JSONResponse)
@router.get("/usage/live", response_class=JSONResponse)
@router.get("/remaining", response_class=JSONResponse)
async def read_usage(
    services: ServicesDep,
    grant: GrantDep,
    *,
    form: Annotated[str | None, Query(alias="format")] = None,
    refresh: bool = False,
) -> Response:
    """What is left of each account's features, with the age and the source of every figure.

    Args:
        form: `table`, `text`, `markdown` or `md` for a table in Markdown.
        refresh: ask upstream also where the figures are new.
    """
    told = await service.usage(services, grant, refresh=refresh)
    if service.is_text(form):
        return PlainTextResponse(table(told["accounts"]))
    return JSONResponse(told)


@router.get("/usage/history")
async def read_history(
    services: ServicesDep,
    grant: GrantDep,
    *,
    account: str | None = None,
    feature: str | None = None,
    since: Since = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> dict[str, Any]:
    """What was left before, oldest first; of more readings than `limit` the newest. Kept for 30 days."""
    return await service.history(services, grant, account=account, feature=feature, since=since, limit=limit)


@router.get("/usage/counts")
async def read_counts(
    services: ServicesDep, grant: GrantDep, *, by: str = "account,model,kind", since: Since = None
) -> dict[str, Any]:
    """What was asked for since a day: requests, failures and estimated tokens.

    Args:
        by: what to tell apart: `day`, `key`, `account`, `model`, `kind`, with commas.
    """
    return await service.counts(services, grant, by=by, since=since)
