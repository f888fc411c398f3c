"""`POST /v1/chatgpt/vision`: an operation whose result is text, waited for, streamed, or neither."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.connection import ClientLeft
from api.images.serving import answer
from api.launch import launch
from api.services import Services
from api.vision.service import ROUTE, read, usage, vision_answer
from api.vision.streamed import stream


class Vision:
    """The route as a plain ASGI application, because its answer may begin long before it is there."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        try:
            admission, body = await read(services, scope, receive)
        except ClientLeft:
            return
        if not body.stream:
            await answer(services, admission, vision_answer, scope, receive, send)
            return
        record = await launch(services, admission)
        with_usage = bool(body.stream_options and body.stream_options.include_usage)
        await stream(services, record, scope, receive, send, usage=usage if with_usage else None)


router = APIRouter(routes=[Route(ROUTE, Vision(), methods=["POST"])])
