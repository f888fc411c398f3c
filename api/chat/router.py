"""`POST /v1/chat/completions`: straight through to upstream and back, or once for a key, or in the background."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.answers.answering import answer
from api.answers.local import answer_locally
from api.body import read_object
from api.chat.background import admission_of, response_answer
from api.chat.pictures import answer_picture
from api.chat.research import answer_research
from api.chat.service import ROUTE, read_wish
from api.chat.worded import maker_of
from api.images.serving import answer as answer_operation
from api.services import Services
from bridge.chat.intents import asks_picture, asks_research


class ChatCompletions:
    """The route as a plain ASGI application: the request's own task writes to the socket, with nothing in between."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        body = await read_object(scope, receive)
        if asks_research(body):
            await answer_research(services, body, scope, receive, send)
            return
        if asks_picture(body):
            await answer_picture(services, body, scope, receive, send)
            return
        wish = await read_wish(services, body, scope)
        if wish.own_words is not None:
            await answer_locally(services, wish.asked, maker_of(services, wish, send), wish.own_words, scope, receive)
        elif wish.detached:
            admission = await admission_of(services, wish, scope)
            await answer_operation(services, admission, response_answer, scope, receive, send)
        else:
            await answer(services, wish.asked, maker_of(services, wish, send), scope, receive)


router = APIRouter(routes=[Route(ROUTE, ChatCompletions(), methods=["POST"])])
