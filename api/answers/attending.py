"""One connection of a chat: its work while it is watched, and what its client is told when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from functools import partial

from starlette.types import Receive, Scope

from api.answers.asked import Asked, ClientAnswer
from api.answers.quiet import quiet
from api.connection import ClientLeft, Leash, attended
from api.errors import ErrorAnswer, answer_to
from api.services import Services
from bridge.chat.choices import Choices
from bridge.chat.running import RunningChat
from core.errors import BridgeError, InternalError, OperationCancelledError, OperationIdTakenError, ShuttingDownError
from core.logging import get_logger

_log = get_logger(__name__)

_FINAL = 400


async def attend(
    work: Awaitable[None], answer: ClientAnswer, *, leash: Leash, run: Choices | None, scope: Scope, receive: Receive
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


def told(error: BridgeError, run: Choices | None, *, begun: bool) -> ErrorAnswer:
    """What clients are told of a chat's error.

    One that must not be repeated because it may have been paid for is a 400, whatever its code, in words that agents
    leave alone. They send a request again after every other status and after some words, and pay again.
    """
    account = run.account_of(error) if run else None
    _log.info("chat_refused", code=error.code, account=account, begun=begun)
    attempts = run.attempts if run else ()
    answer = partial(answer_to, error, account=account, attempts=attempts, route=run.route if run else "")
    first = answer()
    if first.final and (error.spent or any(attempt.error.spent for attempt in attempts)):
        return quiet(answer(status=_FINAL))
    return quiet(first) if first.final and begun else first


@contextmanager
def in_table(services: Services, asked: Asked, run: Choices, leash: Leash) -> Iterator[None]:
    """Have a chat that brought an id found by it while it runs."""
    if asked.operation_id is None:
        yield
        return

    def end() -> None:
        leash.pull(OperationCancelledError("The chat was cancelled."))

    chat = RunningChat(asked.operation_id, asked.owner, asked.model, run, end)
    with services.chats.running(chat):
        yield


async def require_free_id(services: Services, asked: Asked) -> None:
    """For a chat that is about to run under its client's id.

    Raises:
        OperationIdTakenError: the id is in use.
    """
    if asked.operation_id is None:
        return
    services.chats.require_free(asked.operation_id)
    if await services.bridge.operations.find(asked.operation_id) is not None:
        raise OperationIdTakenError("The operation id is taken.", param="chatgpt_operation_id")
