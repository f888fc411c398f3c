"""One connection of a chat: the form of its answer, and what its client is told when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from starlette.types import Receive, Scope, Send

from api.chat.chunks import Chunks
from api.chat.naming import Identity, Naming
from api.chat.service import Wish
from api.chat.streamed import StreamedAnswer
from api.chat.whole import WholeAnswer
from api.connection import ClientLeft, Leash, attended
from api.errors import ErrorAnswer, answer_to
from api.services import Services
from bridge.chat.failover import ChatRun
from bridge.chat.running import RunningChat
from core.errors import BridgeError, InternalError, OperationCancelledError, ShuttingDownError
from core.logging import get_logger

_log = get_logger(__name__)

ChatAnswer: TypeAlias = StreamedAnswer | WholeAnswer


def answer_for(services: Services, wish: Wish, identity: Identity, naming: Naming, send: Send) -> ChatAnswer:
    """The answer in the form that its client asked for."""
    settings = services.settings.server
    if not wish.stream:
        return WholeAnswer(wish, naming, identity, settings, send)
    chunks = Chunks(
        completion_id=identity.completion_id,
        created=identity.created,
        model=wish.model,
        operation_id=identity.operation_id,
    )
    return StreamedAnswer(wish, naming, chunks, settings, send)


async def attend(
    work: Awaitable[None], answer: ChatAnswer, *, leash: Leash, run: ChatRun | None, scope: Scope, receive: Receive
) -> None:
    """Do the work of one connection while it is watched; whatever fails is told to its client.

    Args:
        run: whose account and attempts an error names.
    """

    async def fail(error: BridgeError) -> None:
        answer.close()
        await answer.fail(told(error, run, begun=answer.begun), scope, receive)

    try:
        await attended(work, receive=receive, leash=leash, voice=answer)
    except ClientLeft:
        return
    except BridgeError as error:
        await fail(error)
    except asyncio.CancelledError:
        # The server's patience with open connections is over.
        await fail(ShuttingDownError("The server is stopping."))
        raise
    except Exception:
        _log.exception("chat_failed", account=run.account if run else None)
        await fail(InternalError("The bridge failed on this chat."))
    finally:
        answer.close()


def told(error: BridgeError, run: ChatRun | None, *, begun: bool) -> ErrorAnswer:
    """What clients are told of a chat's error."""
    account = run.account if run else None
    _log.info("chat_refused", code=error.code, account=account, begun=begun)
    return answer_to(error, account=account, attempts=run.attempts if run else ())


@contextmanager
def in_table(services: Services, wish: Wish, run: ChatRun, leash: Leash) -> Iterator[None]:
    """Have a chat that brought an id found by it while it runs."""
    if wish.operation_id is None:
        yield
        return

    def end() -> None:
        leash.pull(OperationCancelledError("The chat was cancelled."))

    chat = RunningChat(wish.operation_id, wish.owner, wish.model, run, end)
    with services.chats.running(chat):
        yield
