"""Chats that bring an idempotency key: run once, joined while they run, and answered from memory afterwards."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from starlette.types import Receive, Scope

from api.answers.asked import Asked, ClientAnswer, Identity
from api.answers.attending import attend, in_table, require_free_id, told
from api.answers.counted import answer_counted
from api.answers.naming import Naming, headers_of, identity
from api.answers.outcome import Outcome, loaded
from api.answers.shared import NobodyLeft, SharedChat
from api.connection import Leash
from api.services import Services
from bridge.chat.answer import Answer
from bridge.chat.choices import Answered, Choices
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


async def answer_keyed(
    services: Services,
    asked: Asked,
    key: str,
    make: Callable[[Identity, Naming], ClientAnswer],
    scope: Scope,
    receive: Receive,
) -> None:
    """Answer with the one run that the key stands for, which this request begins where there is none.

    Raises:
        IdempotencyConflictError, IdempotencyInProgressError: the key cannot be answered with, or not now.
        OperationIdTakenError, ShuttingDownError, StoreError, VaultKeyError: nothing was begun.
    """
    services.leashes.require_open()
    found = await _find(services, asked, KeyScope(asked.owner, asked.route, key))
    leash = Leash()
    if isinstance(found, Outcome):
        answer = make(found.identity, lambda: found.headers)
        await attend(
            _replay(found, answer, scope, receive), answer, leash=leash, run=None, scope=scope, receive=receive
        )
        return
    answer = make(found.identity, partial(headers_of, found.run, found.identity.operation_id))
    with found.joined(answer):
        await attend(
            _hear(found, answer, scope, receive), answer, leash=leash, run=found.run, scope=scope, receive=receive
        )


async def _find(services: Services, asked: Asked, scope: KeyScope) -> SharedChat | Outcome:
    """The chat of this key: one that runs here, one that has ended, or a new one."""
    digest = await asked.digest()
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
            await require_free_id(services, asked)
        except BridgeError:
            await services.bridge.answers.free(scope)
            raise
        return _start(services, asked, scope, digest)


def _start(services: Services, asked: Asked, scope: KeyScope, digest: str) -> SharedChat:
    run = Choices(services.bridge.pool, services.bridge.chat_uploads, asked.order, asked.choices)
    chat = SharedChat(run, identity(asked), digest)
    services.shared.start(scope, chat, _run(services, asked, chat), partial(_settle, services, scope, chat))
    return chat


async def _run(services: Services, asked: Asked, chat: SharedChat) -> Answered:
    with services.leashes.holding(chat.leash), in_table(services, asked, chat.run, chat.leash):
        return await answer_counted(services, asked, chat.run, chat.identity, chat)


async def _settle(services: Services, scope: KeyScope, chat: SharedChat, ended: Answered | Exception) -> Outcome:
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


def _outcome(chat: SharedChat, ended: Answered | Exception) -> Outcome:
    headers = headers_of(chat.run, chat.identity.operation_id)
    if isinstance(ended, Answered):
        return Outcome(chat.identity, headers, ended)
    if not isinstance(ended, (BridgeError, NobodyLeft)):
        _log.error("chat_failed", account=chat.run.account, exc_info=ended)
    error = ended if isinstance(ended, BridgeError) else InternalError("The bridge failed on this chat.")
    return Outcome(chat.identity, headers, told(error, chat.run, begun=chat.begun))


def _is_kept(run: Choices, ended: Answered | Exception) -> bool:
    """Whether the key goes on standing for this end: for an answer, and for a failure that may have cost quota.

    An end that nobody heard of, or that only this process's own end brought, is no answer to anybody.
    """
    if isinstance(ended, Answered):
        return True
    if isinstance(ended, (NobodyLeft, ShuttingDownError)):
        return False
    if isinstance(ended, BridgeError) and not isinstance(ended, OperationCancelledError):
        return ended.spent or run.visible or any(attempt.error.spent for attempt in run.attempts)
    return run.sent


async def _hear(chat: SharedChat, answer: ClientAnswer, scope: Scope, receive: Receive) -> None:
    await _end(await chat.follow(answer), answer, scope, receive)


async def _replay(outcome: Outcome, answer: ClientAnswer, scope: Scope, receive: Receive) -> None:
    if isinstance(outcome.result, Answered):
        for choice, kept in enumerate(outcome.result.answers):
            await _tell(kept, answer, choice)
    await _end(outcome, answer, scope, receive)


async def _tell(kept: Answer, answer: ClientAnswer, choice: int) -> None:
    """Say a finished answer again, as if it came now."""
    if kept.conversation_id is not None and choice == 0:
        answer.conversation(kept.conversation_id)
    for part, thought in enumerate(kept.thoughts):
        await answer.thought(thought, part, choice)
    if kept.text:
        await answer.text(kept.text, choice)
    for call in kept.calls:
        await answer.call(call, choice)


async def _end(outcome: Outcome, answer: ClientAnswer, scope: Scope, receive: Receive) -> None:
    if isinstance(outcome.result, Answered):
        await answer.finish(outcome.result)
    else:
        answer.close()
        await answer.fail(outcome.result, scope, receive)
