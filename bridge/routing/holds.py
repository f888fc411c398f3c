"""An account in a chat's hands, from the slot to the outcome."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from types import TracebackType

from bridge.accounts.outcomes import Attempt, Outcomes
from bridge.routing.affinity import Affinity
from bridge.routing.chats import Grant, Want
from bridge.routing.needs import Needs
from bridge.routing.reasons import header
from bridge.routing.sessions import Kept, Sessions
from bridge.routing.slots import Slots
from core import ids
from core.clock import utc_now
from core.contracts.routing import Strategy
from core.errors import (
    AccountNotConfiguredError,
    BridgeError,
    CaptureRejectedError,
    CaptureUnreadableError,
    StoreError,
)
from core.logging import get_logger
from provider.interface.session import Session

_log = get_logger(__name__)

_UNOPENED = (AccountNotConfiguredError, CaptureRejectedError, CaptureUnreadableError)


@dataclass(frozen=True, slots=True)
class Held:
    """An account that a chat holds; `route` says in short how it was chosen."""

    alias: str
    session: Session
    route: str = ""


@dataclass(frozen=True, slots=True)
class _Holding:
    grant: Grant
    kept: Kept
    began: datetime


class ChatHold(AbstractAsyncContextManager[Held]):
    """Enter once to hold an account, leave to give it back; what `Pool.chat` promises."""

    def __init__(
        self,
        slots: Slots,
        sessions: Sessions,
        outcomes: Outcomes,
        affinity: Affinity,
        *,
        needs: Needs,
        key: str | None,
        exclude: Collection[str],
    ) -> None:
        self._slots = slots
        self._sessions = sessions
        self._outcomes = outcomes
        self._affinity = affinity
        self._needs = needs
        self._key = key
        self._tried = dict(exclude) if isinstance(exclude, Mapping) else dict.fromkeys(exclude, "")
        self._holding: _Holding | None = None

    async def __aenter__(self) -> Held:
        while True:
            want = self._want()
            grant = await self._slots.acquire(want)
            try:
                kept = await self._sessions.enter(grant.account)
            except _UNOPENED as error:
                # Its capture changed or went in this moment: that account is passed over, the others are not.
                self._slots.give_back(grant.lease_id)
                self._tried[grant.account.alias] = error.code
                _log.warning("account_not_opened", account=grant.account.alias, code=error.code, reason=error.message)
                continue
            except BaseException:
                self._slots.give_back(grant.lease_id)
                raise
            self._holding = _Holding(grant, kept, utc_now())
            route = header(self._needs.strategy, grant.skipped, affine=grant.affine, tried=self._tried)
            return Held(grant.account.alias, kept.session, route)

    async def __aexit__(
        self, _type: type[BaseException] | None, error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        holding, self._holding = self._holding, None
        assert holding is not None
        if error is None:
            lasting = self._needs.strategy is Strategy.STICKY
            self._affinity.answered(self._key, holding.grant.account.alias, lasting=lasting)
        try:
            # Before the slot is given back: the next in line must not get an account that has just been refused.
            if error is None or isinstance(error, BridgeError):
                await self._learn(holding, error)
        finally:
            self._slots.give_back(holding.grant.lease_id)
            self._sessions.leave(holding.kept)

    def _want(self) -> Want:
        preferred = self._affinity.account(self._key)
        return Want(ids.lease_id(), self._needs, dict(self._tried), preferred, self._key)

    async def _learn(self, holding: _Holding, error: BridgeError | None) -> None:
        alias = holding.grant.account.alias
        attempt = Attempt(holding.began, holding.kept.capture_sha256, self._needs.slug, self._needs.buckets)
        try:
            await self._outcomes.report(alias, error, attempt)
        except StoreError as problem:
            # The answer is there; it must not turn into a failure because a lesson was lost.
            _log.warning("outcome_not_remembered", account=alias, code=problem.code, reason=problem.message)
