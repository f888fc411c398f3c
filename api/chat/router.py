"""`POST /v1/chat/completions`: straight through to upstream and back, or once for a key, or in the background."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.body import read_object
from api.chat.answering import ChatAnswer, answer_for, attend, in_table
from api.chat.background import admission_of, response_answer
from api.chat.counted import answer_counted
from api.chat.keyed import answer_keyed
from api.chat.local import answer_usage, asks_usage
from api.chat.naming import headers_of, identity
from api.chat.research import answer_research
from api.chat.service import ROUTE, Wish, read_wish, require_free_id
from api.connection import Leash
from api.images.serving import answer as answer_operation
from api.services import Services
from bridge.chat.failover import ChatRun
from bridge.chat.intents import asks_research


class ChatCompletions:
    """The route as a plain ASGI application: the request's own task writes to the socket, with nothing in between."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        body = await read_object(scope, receive)
        if asks_research(body):
            await answer_research(services, body, scope, receive, send)
            return
        wish = await read_wish(services, body, scope)
        if asks_usage(wish):
            await answer_usage(services, wish, scope, receive, send)
        elif wish.detached:
            admission = await admission_of(services, wish, scope)
            await answer_operation(services, admission, response_answer, scope, receive, send)
        elif wish.key is not None:
            await answer_keyed(services, wish, wish.key, scope, receive, send)
        else:
            await _answer(services, wish, scope, receive, send)


router = APIRouter(routes=[Route(ROUTE, ChatCompletions(), methods=["POST"])])


async def _answer(services: Services, wish: Wish, scope: Scope, receive: Receive, send: Send) -> None:
    await require_free_id(services, wish)
    run, leash = ChatRun(services.bridge.pool, wish.order), Leash()
    naming = partial(headers_of, run, wish.operation_id)
    answer = answer_for(services, wish, identity(wish.operation_id), naming, send)
    with services.leashes.holding(leash), in_table(services, wish, run, leash):
        await attend(_work(services, wish, run, answer), answer, leash=leash, run=run, scope=scope, receive=receive)


async def _work(services: Services, wish: Wish, run: ChatRun, answer: ChatAnswer) -> None:
    await answer.finish(await answer_counted(services, wish, run, answer))
