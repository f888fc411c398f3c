"""One chat: an account after the other until one answers, then the fallback model; before the first byte only."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from math import inf
from typing import Protocol

from bridge.chat.answer import Answer, Listener, Progress, run_turn
from bridge.chat.asking import turn_of
from bridge.chat.order import ChatOrder
from bridge.chat.uploads import Uploads
from bridge.routing.needs import Needs
from bridge.routing.pool import Held
from core.errors import (
    BridgeError,
    ConversationNotFoundError,
    ConversationTooLargeError,
    EmptyResponseError,
    FileUploadFailedError,
    ModelLimitError,
    NoEligibleAccountError,
    RateLimitedError,
    UnsupportedModelError,
    UpstreamBrokenError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from core.logging import get_logger

_log = get_logger(__name__)

_FAILED_BEFORE_SENDING = (FileUploadFailedError, UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError)

_CONVERSATION_GONE = (ConversationNotFoundError, ConversationTooLargeError)

NOBODY = (NoEligibleAccountError, UnsupportedModelError)
"""Errors of a request that no account takes with its model."""

_MODEL_FAILED = (EmptyResponseError, ModelLimitError, RateLimitedError, *NOBODY)
"""After these another model may answer."""


class Accounts(Protocol):
    """What a chat needs of the pool."""

    def chat(
        self, needs: Needs, *, affinity: str | None = None, exclude: Collection[str] = ()
    ) -> AbstractAsyncContextManager[Held]: ...


@dataclass(frozen=True, slots=True)
class Attempt:
    """An account that was tried and failed."""

    account: str
    error: BridgeError


class ChatRun:
    """One chat on its way.

    Attributes:
        attempts: the accounts that failed, in order.
        account: who has it now, or had it last; `None` while it waits for a slot.
        route: how that account was chosen, in short.
        progress: how far the account has come with it.
    """

    def __init__(self, accounts: Accounts, uploads: Uploads, order: ChatOrder, choice: int = 0) -> None:
        """Args:
        choice: which of several answers to one request this is.
        """
        self.order = order
        self.attempts: list[Attempt] = []
        self.account: str | None = None
        self.route = ""
        self.progress = Progress()
        self._accounts = accounts
        self._uploads = uploads
        self._choice = choice
        self._model = order.model
        self._needs = order.needs()

    async def answer(self, listener: Listener) -> Answer:
        """Run the chat; the listener hears it, and the answer is returned whole.

        Raises:
            BridgeError: nobody answered: the last account's error, or an earlier one's that says when to come back.
        """
        try:
            return await self._answer(listener)
        except _CONVERSATION_GONE as error:
            if self.order.afresh is None or listener.begun or self.progress.visible:
                raise
            _log.info("chat_begun_afresh", account=self.account, code=error.code)
            self.order = await self.order.afresh()
            self._needs = self.order.needs(self._model)
            return await self._answer(listener)
        except _MODEL_FAILED as error:
            fallback = self.order.fallback
            if fallback is None or fallback.model == self._model or listener.begun or self.progress.visible:
                raise
            _log.info("chat_fallback", model=self._model.slug, code=error.code)
            self._model, self._needs = fallback.model, self.order.needs(fallback.model)
            return await self._fallen_back(fallback.name, error, listener)

    async def _fallen_back(self, name: str, first: BridgeError, listener: Listener) -> Answer:
        try:
            answer = await self._answer(listener)
        except NOBODY:
            # Nobody was asked: what the model that was asked for came to says more.
            raise first from None
        return replace(answer, fallback_model=name)

    async def _answer(self, listener: Listener) -> Answer:
        """The same with one model."""
        before = len(self.attempts)
        while True:
            made = self.attempts[before:]
            tried = {attempt.account: attempt.error.code for attempt in made}
            try:
                async with self._accounts.chat(self._needs, affinity=self.order.affinity, exclude=tried) as held:
                    return await self._attempt(held, listener)
            except BridgeError as error:
                if len(self.attempts) == before + len(made):
                    # There was no account left to try.
                    raise (_verdict(made) if made else error) from None
                if listener.begun or not self._may_go_on(error, self.attempts[before:]):
                    raise
                _log.info("chat_failover", account=self.account, code=error.code)

    async def _attempt(self, held: Held, listener: Listener) -> Answer:
        self.account, self.route, self.progress = held.alias, held.route, Progress()
        try:
            request = await turn_of(self.order, self._model, held.session, self._uploads)
            return await run_turn(held.session, request, listener, self.progress, self.order.form, self._choice)
        except BridgeError as error:
            self._uploads.forget(held.session)
            if isinstance(error, UpstreamBrokenError) and not isinstance(error, UpstreamUnavailableError):
                # A turn that has left may have been answered, whatever came back.
                error.spent = error.spent or self.progress.sent
            self.attempts.append(Attempt(held.alias, error))
            raise

    def _may_go_on(self, error: BridgeError, made: Collection[Attempt]) -> bool:
        if self.progress.visible:
            return False
        if isinstance(error, EmptyResponseError):
            return sum(isinstance(attempt.error, EmptyResponseError) for attempt in made) == 1
        return error.other_account or (isinstance(error, _FAILED_BEFORE_SENDING) and not self.progress.sent)


def _verdict(made: Sequence[Attempt]) -> BridgeError:
    """One that passes by itself says more to the client than one that waits for a person; of those the first to end."""
    passing = [attempt.error for attempt in made if attempt.error.retryable]
    if not passing:
        return made[-1].error
    return min(passing, key=lambda error: inf if error.retry_after_seconds is None else error.retry_after_seconds)
