"""One chat: an account after the other until one answers, before the first byte only."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bridge.chat.answer import Answer, Listener, Progress, run_turn
from bridge.chat.models import ModelChoice
from bridge.chat.transcript import Said
from bridge.routing.needs import Needs
from bridge.routing.pool import Held
from core import ids
from core.contracts.buckets import Bucket
from core.contracts.routing import Strategy
from core.errors import (
    BridgeError,
    EmptyResponseError,
    FileUploadFailedError,
    UpstreamBrokenError,
    UpstreamError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from core.logging import get_logger
from provider.interface.session import Session
from provider.interface.turns import TurnMessage, TurnRequest, UploadedFile

_log = get_logger(__name__)

_FAILED_BEFORE_SENDING = (FileUploadFailedError, UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError)


class Accounts(Protocol):
    """What a chat needs of the pool."""

    def chat(
        self, needs: Needs, *, affinity: str | None = None, exclude: Collection[str] = ()
    ) -> AbstractAsyncContextManager[Held]: ...


@dataclass(frozen=True, slots=True)
class ChatOrder:
    """A validated chat.

    Attributes:
        transcript: what is said, its pictures checked.
        temporary: ask for a chat that upstream does not keep.
        accounts: the only accounts to use, in this order; empty means the whole pool.
        strategy: the order in which accounts are asked, `None` for the bridge's own.
        affinity: chats with the same key prefer the account that answered before; `None` when any will do.
    """

    transcript: tuple[Said, ...]
    model: ModelChoice
    temporary: bool = False
    accounts: tuple[str, ...] = ()
    strategy: Strategy | None = None
    affinity: str | None = None

    @property
    def needs(self) -> Needs:
        """The slots and the model it asks for."""
        pictures = sum(len(said.pictures) for said in self.transcript)
        return Needs(
            kind="chat",
            buckets=(Bucket.UPLOAD, Bucket.CHAT) if pictures else (Bucket.CHAT,),
            slug=self.model.slug,
            effort=self.model.effort,
            accounts=self.accounts,
            strategy=self.strategy,
            inputs=pictures,
        )


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

    def __init__(self, accounts: Accounts, order: ChatOrder) -> None:
        self.order = order
        self.attempts: list[Attempt] = []
        self.account: str | None = None
        self.route = ""
        self.progress = Progress()
        self._accounts = accounts
        self._needs = order.needs

    async def answer(self, listener: Listener) -> Answer:
        """Run the chat; the listener hears it, and the answer is returned whole.

        Raises:
            BridgeError: nobody answered: the last account's error, or an earlier one's that says when to come back.
        """
        while True:
            made = len(self.attempts)
            tried = [attempt.account for attempt in self.attempts]
            try:
                async with self._accounts.chat(self._needs, affinity=self.order.affinity, exclude=tried) as held:
                    return await self._attempt(held, listener)
            except BridgeError as error:
                if len(self.attempts) == made:
                    # There was no account left to try.
                    raise (self._verdict() if made else error) from None
                if listener.begun or not self._may_go_on(error):
                    raise
                _log.info("chat_failover", account=self.account, code=error.code)

    async def _attempt(self, held: Held, listener: Listener) -> Answer:
        self.account, self.route, self.progress = held.alias, held.route, Progress()
        try:
            request = await self._request(held.session)
            return await run_turn(held.session, request, listener, self.progress)
        except BridgeError as error:
            if isinstance(error, UpstreamBrokenError) and not isinstance(error, UpstreamUnavailableError):
                # A turn that has left may have been answered, whatever came back.
                error.spent = error.spent or self.progress.sent
            self.attempts.append(Attempt(held.alias, error))
            raise

    async def _request(self, session: Session) -> TurnRequest:
        messages = [TurnMessage(said.role, said.text, await _uploaded(session, said)) for said in self.order.transcript]
        return TurnRequest(
            messages=tuple(messages),
            message_id=ids.message_id(),
            model=self.order.model.slug,
            effort=self.order.model.effort,
            temporary=self.order.temporary,
        )

    def _may_go_on(self, error: BridgeError) -> bool:
        if self.progress.visible:
            return False
        if isinstance(error, EmptyResponseError):
            return sum(isinstance(attempt.error, EmptyResponseError) for attempt in self.attempts) == 1
        return error.other_account or (isinstance(error, _FAILED_BEFORE_SENDING) and not self.progress.sent)

    def _verdict(self) -> BridgeError:
        """One that passes by itself says more to the client than one that waits for a person."""
        errors = [attempt.error for attempt in self.attempts]
        return next((error for error in reversed(errors) if error.retryable), errors[-1])


async def _uploaded(session: Session, said: Said) -> tuple[UploadedFile, ...]:
    return tuple(
        [
            await session.upload(picture.content, name=picture.name, mime_type=picture.mime_type)
            for picture in said.pictures
        ]
    )
