"""`/v1/chatgpt/operations`: what runs, what ran, and a stop to it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.dependencies import BaseDep, ServicesDep
from api.operations import service
from api.operations.schemas import Since
from core.contracts.operations import OperationKind, OperationState

router = APIRouter(prefix="/v1/chatgpt/operations", tags=["operations"])


@router.get("")
async def list_operations(
    services: ServicesDep,
    base: BaseDep,
    *,
    kind: OperationKind | None = None,
    state: OperationState | None = None,
    account: str | None = None,
    since: Since = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Operations as the database has them, newest first.

    Args:
        since: admitted at or after this time, in Unix seconds or ISO 8601.
        cursor: `next_cursor` of the page before.
    """
    page = await service.page(
        services, kind=kind, state=state, account=account, since=since, cursor=cursor, limit=limit
    )
    return service.page_view(page, base)


@router.get("/{operation_id}")
async def read_operation(operation_id: str, services: ServicesDep, base: BaseDep) -> dict[str, Any]:
    """One operation, or a running chat that brought this id; `stale` when only the database could be asked."""
    return await service.read(services, operation_id, base)


@router.post("/{operation_id}/cancel")
async def cancel_operation(operation_id: str, services: ServicesDep, base: BaseDep) -> dict[str, Any]:
    """Ask an operation to stop; the answer shows it as it stands a moment later. The body is not read."""
    return await service.cancel(services, operation_id, base)
