"""`/v1/chatgpt/operations`: what runs and what ran, and what one may do with it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.body import read_object
from api.dependencies import GrantDep, LinksDep, ServicesDep
from api.operations import service
from api.operations.schemas import PlanBody, Since, last_event_id, wants_json
from api.validation import validated
from core.contracts.operations import OperationKind, OperationState

router = APIRouter(prefix="/v1/chatgpt/operations", tags=["operations"])


@router.get("")
async def list_operations(
    services: ServicesDep,
    grant: GrantDep,
    links: LinksDep,
    *,
    kind: OperationKind | None = None,
    state: OperationState | None = None,
    account: str | None = None,
    owner: str | None = None,
    since: Since = None,
    q: Annotated[str | None, Query(max_length=500)] = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> dict[str, Any]:
    """Operations as the database has them, newest first.

    Args:
        owner: another API key's, by its id, or `all`; for keys that administer.
        since: admitted at or after this time, in Unix seconds or ISO 8601.
        q: what the first 2,000 characters of the prompt say somewhere.
        cursor: `next_cursor` of the page before.
    """
    page = await service.page(
        services,
        service.owner_among(grant, owner),
        kind=kind,
        state=state,
        account=account,
        since=since,
        words=q,
        cursor=cursor,
        limit=limit,
    )
    return service.page_view(page, links)


@router.get("/{operation_id}")
async def read_operation(operation_id: str, services: ServicesDep, grant: GrantDep, links: LinksDep) -> dict[str, Any]:
    """One operation, or a running chat that brought this id; `stale` when only the database could be asked."""
    return await service.read(services, grant, operation_id, links)


@router.post("/{operation_id}/cancel")
async def cancel_operation(
    operation_id: str, services: ServicesDep, grant: GrantDep, links: LinksDep
) -> dict[str, Any]:
    """Ask an operation to stop; the answer shows it as it stands a moment later. The body is not read."""
    return await service.cancel(services, grant, operation_id, links)


@router.delete("/{operation_id}", status_code=204)
async def remove_operation(operation_id: str, services: ServicesDep, grant: GrantDep, *, files: bool = False) -> None:
    """Forget an operation that has ended; `files` says whether what it made goes too."""
    await service.remove(services, grant, operation_id, files=files)


@router.get("/{operation_id}/result")
async def read_result(operation_id: str, services: ServicesDep, grant: GrantDep, links: LinksDep) -> Response:
    """What the operation's own route answers at its end; 409 before that."""
    return await service.result(services, grant, operation_id, links)


@router.get("/{operation_id}/events")
async def read_events(
    operation_id: str,
    request: Request,
    services: ServicesDep,
    grant: GrantDep,
    *,
    after: Annotated[int, Query(ge=0, lt=10**15)] = 0,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
    form: Annotated[Literal["sse", "json"] | None, Query(alias="format")] = None,
) -> Response:
    """The event log behind a number: a stream to its end, or a page in JSON.

    Args:
        after: the number; `Last-Event-ID` counts for more, because a browser sends it when a stream broke.
        limit: of a page.
        form: `json` asks for a page, as `Accept: application/json` does.
    """
    known = last_event_id(request.headers)
    return await service.events(
        services,
        grant,
        operation_id,
        after=after if known is None else known,
        limit=limit,
        as_json=form == "json" or (form is None and wants_json(request.headers)),
    )


@router.post("/{operation_id}/plan")
async def decide_plan(
    operation_id: str, request: Request, services: ServicesDep, grant: GrantDep, links: LinksDep
) -> Response:
    """Approve, reject or edit the plan that a research waits with; `Idempotency-Key` makes it one decision."""
    body = validated(PlanBody, await read_object(request.scope, request.receive))
    return await service.decide(services, grant, operation_id, body, request.headers, links)


@router.post("/{operation_id}/rerun", status_code=202)
async def rerun_operation(
    operation_id: str, request: Request, services: ServicesDep, grant: GrantDep, links: LinksDep
) -> Response:
    """Do an ended operation's work once more, as a new operation. The body is not read."""
    return await service.rerun(services, grant, operation_id, request.headers, links)
