"""`POST /v1/images/generations` and `/v1/images/edits`: operations, waited for, streamed, or neither."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeAlias

from fastapi import APIRouter
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.connection import ClientLeft
from api.images import edits, service
from api.images.answers import image_answer
from api.images.serving import Document, answer
from api.images.streamed import stream
from api.launch import launch
from api.services import Services
from bridge.operations.admission import Admission

Read: TypeAlias = Callable[[Services, Scope, Receive], Awaitable[tuple[Admission, bool]]]
"""Reads and validates a request completely; whether it is to be answered by a stream."""


class PictureRoute:
    """Such a route as a plain ASGI application, because its answer may begin long before it is there."""

    def __init__(self, read: Read, document: Document) -> None:
        self._read = read
        self._document = document

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        try:
            admission, streams = await self._read(services, scope, receive)
        except ClientLeft:
            return
        if streams:
            await stream(services, await launch(services, admission), scope, receive, send)
        else:
            await answer(services, admission, self._document, scope, receive, send)


router = APIRouter(
    routes=[
        Route(service.ROUTE, PictureRoute(service.read, image_answer), methods=["POST"]),
        Route(edits.ROUTE, PictureRoute(edits.read, edits.edit_answer), methods=["POST"]),
    ]
)
