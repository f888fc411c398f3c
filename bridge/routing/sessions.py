"""One kept-open session an account."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from time import monotonic

from bridge.accounts.account import Account
from bridge.accounts.quarantine import quarantine
from bridge.accounts.registry import Registry
from bridge.vault import Vault
from core.clock import utc_now
from core.errors import BridgeError
from core.logging import get_logger
from provider.interface.session import Provider, Session

_log = get_logger(__name__)

_LENT_SECONDS = 60
"""How long a replaced session is left to whoever was lent it; a look at an account is shorter."""

_TEND_SECONDS = 1


@dataclass(slots=True, eq=False)
class Kept:
    """An open session, the capture it was opened with and who is on it."""

    session: Session
    capture_sha256: str
    users: int = 0
    lent_until: float = 0
    retired: bool = False

    @property
    def idle(self) -> bool:
        """Nobody is on it, or can still be."""
        return self.users == 0 and monotonic() >= self.lent_until


class Sessions:
    """Opens a session at its account's first use and keeps it.

    A changed capture gets a new session while the old one drains; the session of an account that was removed drains
    too. That of one in quarantine asks nothing more.
    """

    def __init__(self, registry: Registry, vault: Vault, provider: Provider) -> None:
        self._registry = registry
        self._vault = vault
        self._provider = provider
        self._kept: dict[str, Kept] = {}
        self._retired: set[Kept] = set()
        self._locks: dict[str, asyncio.Lock] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._tending: asyncio.Task[None] | None = None

    async def enter(self, account: Account) -> Kept:
        """The account's session, counted as used until `leave`.

        Raises:
            AccountNotConfiguredError: the capture is gone.
            CaptureUnreadableError: the capture cannot be decrypted.
            CaptureRejectedError: the capture is not usable.
        """
        kept = self._kept.get(account.alias)
        if kept is None or kept.capture_sha256 != account.capture_sha256:
            kept = await self._open(account)
        kept.users += 1
        return kept

    def leave(self, kept: Kept) -> None:
        """Done with the session; the last one out closes a replaced one."""
        kept.users -= 1
        if kept.retired and kept.idle:
            self._close(kept)

    async def lend(self, account: Account) -> Session:
        """The account's session for one short call, without `leave`; raises what `enter` does."""
        kept = await self.enter(account)
        kept.users -= 1
        kept.lent_until = monotonic() + _LENT_SECONDS
        return kept.session

    async def aclose(self) -> None:
        """Close every session, used or not."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)
        for kept in [*self._kept.values(), *self._retired]:
            self._close(kept)
        self._kept.clear()
        await asyncio.gather(*self._closing)

    def tend(self, accounts: Iterable[Account]) -> None:
        """Retire the sessions of accounts that are gone, replaced or quarantined; close those that have drained.

        One whose account is paused or cools down is kept, and sends nothing ahead of turns.
        """
        now, by_alias = utc_now(), {account.alias: account for account in accounts}
        for alias, kept in list(self._kept.items()):
            account = by_alias.get(alias)
            refusal = None if account is None else quarantine(account, now)
            if refusal is not None:
                self.halt(kept, refusal)
            elif account is None or account.capture_sha256 != kept.capture_sha256:
                self._retire(self._kept.pop(alias))
            elif not account.askable(now):
                kept.session.pause()
        for kept in [kept for kept in self._retired if kept.idle]:
            self._close(kept)

    def halt(self, kept: Kept, refusal: BridgeError) -> None:
        """Send nothing more in a session, whoever is on it; the account's next use opens another one."""
        kept.session.halt(refusal)
        if self._kept.get(kept.session.alias) is kept:
            self._retire(self._kept.pop(kept.session.alias))

    async def _open(self, account: Account) -> Kept:
        async with self._locks.setdefault(account.alias, asyncio.Lock()):
            before = self._kept.get(account.alias)
            if before is not None and before.capture_sha256 == account.capture_sha256:
                return before
            text = await asyncio.to_thread(self._vault.read, account.alias)
            kept = Kept(self._provider.open(account.alias, text), sha256(text.encode()).hexdigest())
            self._kept[account.alias] = kept
            if before is not None:
                self._retire(before)
        if self._tending is None:
            self._tending = asyncio.create_task(self._keep_tending(), name="sessions")
        return kept

    async def _keep_tending(self) -> None:
        while True:
            await asyncio.sleep(_TEND_SECONDS)
            try:
                self.tend(await self._registry.snapshot())
            except BridgeError as error:
                _log.warning("sessions_not_tended", code=error.code, reason=error.message)

    def _retire(self, kept: Kept) -> None:
        kept.session.retire()
        kept.retired = True
        self._retired.add(kept)
        if kept.idle:
            self._close(kept)

    def _close(self, kept: Kept) -> None:
        self._retired.discard(kept)
        task = asyncio.create_task(_closed(kept.session), name="session-close")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


async def _closed(session: Session) -> None:
    try:
        await session.aclose()
    except BridgeError as error:
        _log.warning("session_close_failed", account=session.alias, code=error.code, reason=error.message)
