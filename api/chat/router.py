"""`POST /v1/chat/completions`, straight through to upstream and back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager

from fastapi import APIRouter
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from api.body import read_object
from api.chat.chunks import Chunks
from api.chat.service import Wish, read_wish
from api.chat.streamed import StreamedAnswer
from api.chat.whole import WholeAnswer
from api.connection import ClientLeft, Leash, attended
from api.errors import answer_to
from api.services import Services
from bridge.chat.failover import ChatRun
from bridge.chat.running import RunningChat
from core import ids
from core.errors import BridgeError, InternalError, OperationCancelledError, ShuttingDownError
from core.logging import get_logger

_log = get_logger(__name__)


class ChatCompletions:
    """The route as a plain ASGI application: the request's own task writes to the socket, with nothing in between."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        services: Services = scope["state"]["services"]
        body = await read_object(scope, receive)
        wish = await read_wish(services, body, Headers(scope=scope))
        run = ChatRun(services.bridge.pool, wish.order)
        answer = _answer(services, wish, run, send)
        leash = Leash()
        try:
            with services.leashes.holding(leash), _in_table(services, wish, run, leash):
                await attended(_work(run, answer), receive=receive, leash=leash, voice=answer)
        except ClientLeft:
            return
        except BridgeError as error:
            await _fail(answer, error, run, scope, receive)
        except asyncio.CancelledError:
            # The server's patience with open connections is over.
            await _fail(answer, ShuttingDownError("The server is stopping."), run, scope, receive)
            raise
        except Exception:
            _log.exception("chat_failed", account=run.account)
            await _fail(answer, InternalError("The bridge failed on this chat."), run, scope, receive)
        finally:
            answer.close()


router = APIRouter(routes=[Route("/v1/chat/completions", ChatCompletions(), methods=["POST"])])


async def _work(run: ChatRun, answer: StreamedAnswer | WholeAnswer) -> None:
    await answer.finish(await run.answer(answer))


async def _fail(
    answer: StreamedAnswer | WholeAnswer, error: BridgeError, run: ChatRun, scope: Scope, receive: Receive
) -> None:
    answer.close()
    told = answer_to(error, account=run.account, attempts=run.attempts)
    _log.info("chat_refused", code=error.code, account=run.account, begun=answer.begun)
    await answer.fail(told, scope, receive)


def _answer(services: Services, wish: Wish, run: ChatRun, send: Send) -> StreamedAnswer | WholeAnswer:
    completion_id, created, settings = ids.completion_id(), int(time.time()), services.settings.server
    if not wish.stream:
        return WholeAnswer(wish, run, settings, send, completion_id=completion_id, created=created)
    chunks = Chunks(completion_id=completion_id, created=created, model=wish.model, operation_id=wish.operation_id)
    return StreamedAnswer(wish, run, chunks, settings, send)


@contextmanager
def _in_table(services: Services, wish: Wish, run: ChatRun, leash: Leash) -> Iterator[None]:
    """Have a chat that brought an id found by it while it runs."""
    if wish.operation_id is None:
        yield
        return

    def end() -> None:
        leash.pull(OperationCancelledError("The chat was cancelled."))

    chat = RunningChat(wish.operation_id, ids.PRIMARY_OWNER, wish.model, run, end)
    with services.chats.running(chat):
        yield
