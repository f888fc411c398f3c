"""`POST /v1/images/generations` and `/v1/images/edits`: operations, waited for or not."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.routing import Route

from api.images import edits, service
from api.images.answers import image_answer
from api.images.serving import OperationRoute

router = APIRouter(
    routes=[
        Route(service.ROUTE, OperationRoute(service.read, image_answer), methods=["POST"]),
        Route(edits.ROUTE, OperationRoute(edits.read, edits.edit_answer), methods=["POST"]),
    ]
)
