"""`/v1/responses`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from api.body import read_object
from api.dependencies import GrantDep, ServicesDep
from api.errors import answer_to
from api.launch import cancel
from api.pages import page_of
from api.responses import reading
from api.responses.creating import CompactResponse, CreateResponse
from api.responses.following import Following
from api.responses.service import ROUTE, read_wish
from bridge.usage import tokens
from core.errors import InvalidRequestError, OperationNotFinishedError, UpgradeRequiredError

_CANCEL_SECONDS = 5.0


async def refuse_upgrade(request: Request) -> Response:
    """A WebSocket is asked for: clients that would like one go on over HTTP at once when they are told so like this."""
    if request.headers.get("upgrade", "").lower() != "websocket":
        raise HTTPException(405, headers={"Allow": "POST"})
    return answer_to(UpgradeRequiredError("Responses are served over HTTP, not over WebSockets.")).response()


router = APIRouter(
    routes=[
        Route(ROUTE, CreateResponse(), methods=["POST"]),
        Route(ROUTE, refuse_upgrade, methods=["GET"]),
        Route(f"{ROUTE}/compact", CompactResponse(), methods=["POST"]),
    ],
    tags=["responses"],
)


@router.post(f"{ROUTE}/input_tokens")
async def count_input_tokens(request: Request, services: ServicesDep) -> dict[str, Any]:
    """How many tokens a request's input has by estimate, as it would be sent upstream; nothing is sent."""
    wish = await read_wish(services, await read_object(request.scope, request.receive), request.scope)
    counted = await tokens.estimated(((said.text, len(said.files)) for said in wish.asked.order.messages), "")
    return {"object": "response.input_tokens", "input_tokens": counted.prompt}


@router.get(f"{ROUTE}/{{response_id}}", response_model=None)
async def read_response(
    response_id: str,
    services: ServicesDep,
    grant: GrantDep,
    *,
    stream: bool = False,
    starting_after: Annotated[int, Query(ge=0)] | None = None,
) -> Response:
    """A kept response; as a stream, one in the background goes on to its end.

    Args:
        starting_after: the `sequence_number` of the last event that the client has.
    """
    kept = await reading.find(services, response_id, grant.sees)
    if not stream:
        return JSONResponse(kept.body)
    record = await services.bridge.operations.find(response_id) if kept.body["background"] else None
    if record is None:
        raise InvalidRequestError("Only a response in the background can be streamed afterwards.", param="stream")
    admitted = await services.bridge.responses.find(response_id, grant.sees)
    after = -1 if starting_after is None else starting_after
    return Following(services, admitted or kept, record, after=after)


@router.post(f"{ROUTE}/{{response_id}}/cancel")
async def cancel_response(response_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Ask a response in the background to stop; the answer shows it as it stands a moment later."""
    kept = await reading.find(services, response_id, grant.sees)
    if not kept.body["background"]:
        raise InvalidRequestError("Only a response in the background can be cancelled.", param="response_id")
    if kept.body["status"] in reading.WAITING:
        await cancel(services, response_id, grant.sees)
        await services.bridge.feed.wait_finished(response_id, _CANCEL_SECONDS)
    return (await reading.find(services, response_id, grant.sees)).body


@router.delete(f"{ROUTE}/{{response_id}}")
async def delete_response(response_id: str, services: ServicesDep, grant: GrantDep) -> dict[str, Any]:
    """Forget a response, and its operation where it ran in the background."""
    kept = await reading.find(services, response_id, grant.sees)
    if kept.body["status"] in reading.WAITING:
        raise OperationNotFinishedError("The response is not answered yet; cancel it first.")
    if kept.body["background"] and await services.bridge.operations.find(response_id) is not None:
        await services.bridge.removal.remove(response_id, grant.sees, files=True)
    if kept.body.get("conversation"):
        await services.bridge.conversations.settle(kept.body["conversation"]["id"], response_id, kept.body["output"])
    await services.bridge.responses.remove(response_id, grant.sees)
    return {"id": response_id, "object": "response", "deleted": True}


@router.get(f"{ROUTE}/{{response_id}}/input_items")
async def list_input_items(
    response_id: str,
    services: ServicesDep,
    grant: GrantDep,
    *,
    after: str | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Literal["asc", "desc"] = "desc",
) -> dict[str, Any]:
    """What a response was asked with, a page of it."""
    kept = await reading.find(services, response_id, grant.sees)
    return page_of(kept.items, after=after, limit=limit, order=order)
