"""Chats that bring an idempotency key: run once, joined while they run, and answered from memory afterwards."""

from __future__ import annotations

from functools import partial

from starlette.types import Receive, Scope, Send

from api.chat.answering import ChatAnswer, answer_for, attend, in_table, told
from api.chat.counted import answer_counted
from api.chat.naming import headers_of, identity
from api.chat.outcome import Outcome, loaded
from api.chat.service import ROUTE, Wish, digest_of, require_free_id
from api.chat.shared import NobodyLeft, SharedChat
from api.connection import Leash
from api.services import Services
from bridge.chat.answer import Answer
from bridge.chat.failover import ChatRun
from bridge.idempotency.answers import KeyScope
from core.errors import (
    BridgeError,
    IdempotencyConflictError,
    InternalError,
    OperationCancelledError,
    ShuttingDownError,
)
from core.logging import get_logger

_log = get_logger(__name__)


async def answer_keyed(services: Services, wish: Wish, key: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the one run that the key stands for, which this request begins where there is none.

    Raises:
        IdempotencyConflictError, IdempotencyInProgressError: the key cannot be answered with, or not now.
        OperationIdTakenError, ShuttingDownError, StoreError, VaultKeyError: nothing was begun.
    """
    services.leashes.require_open()
    found = await _find(services, wish, KeyScope(wish.owner, ROUTE, key))
    leash = Leash()
    if isinstance(found, Outcome):
        answer = answer_for(services, wish, found.identity, lambda: found.headers, send)
        await attend(
            _replay(found, answer, scope, receive), answer, leash=leash, run=None, scope=scope, receive=receive
        )
        return
    naming = partial(headers_of, found.run, found.identity.operation_id)
    answer = answer_for(services, wish, found.identity, naming, send)
    with found.joined(answer):
        await attend(
            _hear(found, answer, scope, receive), answer, leash=leash, run=found.run, scope=scope, receive=receive
        )


async def _find(services: Services, wish: Wish, scope: KeyScope) -> SharedChat | Outcome:
    """The chat of this key: one that runs here, one that has ended, or a new one."""
    digest = await digest_of(wish)
    async with services.shared.door(scope):
        chat = await services.shared.find(scope)
        if chat is not None:
            if chat.digest != digest:
                raise IdempotencyConflictError("The Idempotency-Key was used with another request.")
            return chat
        kept = await services.bridge.answers.reserve(scope, digest)
        if kept is not None:
            return loaded(kept)
        try:
            await require_free_id(services, wish)
        except BridgeError:
            await services.bridge.answers.free(scope)
            raise
        return _start(services, wish, scope, digest)


def _start(services: Services, wish: Wish, scope: KeyScope, digest: str) -> SharedChat:
    run = ChatRun(services.bridge.pool, wish.order)
    chat = SharedChat(run, identity(wish.operation_id), digest)
    services.shared.start(scope, chat, _run(services, wish, chat), partial(_settle, services, scope, chat))
    return chat


async def _run(services: Services, wish: Wish, chat: SharedChat) -> Answer:
    with services.leashes.holding(chat.leash), in_table(services, wish, chat.run, chat.leash):
        return await answer_counted(services, wish, chat.run, chat)


async def _settle(services: Services, scope: KeyScope, chat: SharedChat, ended: Answer | Exception) -> Outcome:
    """Keep what was answered before anybody hears that it is over, or free the key."""
    outcome = _outcome(chat, ended)
    try:
        if _is_kept(chat.run, ended):
            await services.bridge.answers.keep(scope, outcome.dumped())
        else:
            await services.bridge.answers.free(scope)
    except BridgeError as error:
        # The reservation stays; as this process does not run the chat any more, the next request here runs it.
        _log.warning("chat_key_left", code=error.code, reason=error.message)
    return outcome


def _outcome(chat: SharedChat, ended: Answer | Exception) -> Outcome:
    headers = headers_of(chat.run, chat.identity.operation_id)
    if isinstance(ended, Answer):
        return Outcome(chat.identity, headers, ended)
    if not isinstance(ended, (BridgeError, NobodyLeft)):
        _log.error("chat_failed", account=chat.run.account, exc_info=ended)
    error = ended if isinstance(ended, BridgeError) else InternalError("The bridge failed on this chat.")
    return Outcome(chat.identity, headers, told(error, chat.run, begun=chat.begun))


def _is_kept(run: ChatRun, ended: Answer | Exception) -> bool:
    """Whether the key goes on standing for this end: for an answer, and for a failure that may have cost quota.

    An end that nobody heard of, or that only this process's own end brought, is no answer to anybody.
    """
    if isinstance(ended, Answer):
        return True
    if isinstance(ended, (NobodyLeft, ShuttingDownError)):
        return False
    if isinstance(ended, BridgeError) and not isinstance(ended, OperationCancelledError):
        return ended.spent or run.progress.visible or any(attempt.error.spent for attempt in run.attempts)
    return run.progress.sent


async def _hear(chat: SharedChat, answer: ChatAnswer, scope: Scope, receive: Receive) -> None:
    await _end(await chat.follow(answer), answer, scope, receive)


async def _replay(outcome: Outcome, answer: ChatAnswer, scope: Scope, receive: Receive) -> None:
    if isinstance(outcome.result, Answer):
        if outcome.result.conversation_id is not None:
            answer.conversation(outcome.result.conversation_id)
        await answer.text(outcome.result.text)
    await _end(outcome, answer, scope, receive)


async def _end(outcome: Outcome, answer: ChatAnswer, scope: Scope, receive: Receive) -> None:
    if isinstance(outcome.result, Answer):
        await answer.finish(outcome.result)
    else:
        answer.close()
        await answer.fail(outcome.result, scope, receive)
