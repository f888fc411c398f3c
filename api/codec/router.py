"""`/v1/chatgpt/codec`: payloads of histories, opened for whoever administers (docs/temporal.md)."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.body import read_bytes, require_json
from api.codec.service import JSON, run
from api.dependencies import ServicesDep

router = APIRouter(prefix="/v1/chatgpt/codec", tags=["codec"])


@router.post("/decode", response_class=Response)
async def decode(request: Request, services: ServicesDep) -> Response:
    """Open payloads: the JSON of Temporal's `Payloads` in, as many of them out."""
    require_json(request.headers)
    return Response(await run(services, "decode", await read_bytes(request.receive)), media_type=JSON)


@router.post("/encode", response_class=Response)
async def encode(request: Request, services: ServicesDep) -> Response:
    """Encrypt payloads, so that Temporal's CLI may send what it is given by hand."""
    require_json(request.headers)
    return Response(await run(services, "encode", await read_bytes(request.receive)), media_type=JSON)
