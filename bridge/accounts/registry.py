"""The live list of accounts: capture files and rows as one snapshot."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from hashlib import sha256

from bridge.accounts.account import Account, Judge
from bridge.accounts.buckets import BucketLimits
from bridge.accounts.memory import Memories, recall
from bridge.store.engine import Store
from bridge.vault import Vault
from core.clock import utc_now
from core.errors import (
    AccountNotConfiguredError,
    AuthExpiredError,
    BridgeError,
    CaptureRejectedError,
    InternalError,
)
from core.logging import get_logger
from provider.interface.accounts import Inspection
from provider.interface.session import Provider

_log = get_logger(__name__)

_FOREIGN_CHANGE_SECONDS = 0.25
"""How long another process's change of an account row may go unseen."""

_FOREIGN_CAPTURE_SECONDS = 0.05
"""The same of a capture's file. Looking at the files of seven accounts takes a fifth of the time that a chat does."""


@dataclass(frozen=True, slots=True)
class _Read:
    stamp: Hashable
    account: Account


class Registry:
    """Answers who is in the pool now. An account that another process adds or removes counts from the next call on.

    Attributes:
        on_changed: called when this process changed an account; what depends on accounts is looked at again.
    """

    def __init__(
        self,
        store: Store,
        vault: Vault,
        provider: Provider,
        limits: BucketLimits,
        *,
        judge: Judge | None = None,
        pool: Sequence[str] = (),
        first: str | None = None,
        capture_seconds: float = _FOREIGN_CAPTURE_SECONDS,
    ) -> None:
        """Args:
        store: where the account rows lie; also for those who compose transactions over a snapshot.
        judge: what knows the accounts' quota.
        pool: the aliases to use, in this order; empty means every capture, in alphabetical order.
        first: the alias that comes first when `pool` is empty and it is there.
        capture_seconds: how long another process's change of a capture's file may go unseen.
        """
        self.store = store
        self._vault = vault
        self._provider = provider
        self._limits = limits
        self._judge = judge
        self._pool = tuple(pool)
        self._first = first
        self._capture_seconds = capture_seconds
        self._lock = asyncio.Lock()
        self._read: dict[str, _Read] = {}
        self._signature: Hashable = None
        self._memories: Memories | None = None
        self._version: int | None = None
        self._stale = True
        self._looked = 0.0
        self._signed = 0.0
        self._accounts: tuple[Account, ...] = ()
        self.on_changed: Callable[[], None] | None = None

    @property
    def revision(self) -> int:
        """The revision of the account rows that the last snapshot shows."""
        return -1 if self._memories is None else self._memories.revision

    @property
    def latest(self) -> tuple[Account, ...]:
        """The last snapshot, for whoever cannot wait for a new one."""
        return self._accounts

    async def snapshot(self) -> tuple[Account, ...]:
        """Every account of the pool, in the pool's order; a microsecond when nothing changed.

        What this process changed is seen at once, what others changed a moment later.

        An alias of the configured pool that has no capture is in it, with the error that says so.

        Raises:
            StoreError: the account rows cannot be read.
        """
        if not self._stale and self._is_recent(time.monotonic()):
            return self._accounts
        async with self._lock:
            # First, so that whoever changes a row while this reads is not overlooked.
            self._stale = False
            try:
                return await self._look(self._sign())
            except BaseException:
                # A caller that was cancelled, for instance, has seen nothing.
                self._stale = True
                raise

    async def account(self, alias: str) -> Account:
        """One account of the pool.

        Raises:
            AccountNotConfiguredError: it is not in the pool.
        """
        await self.snapshot()
        account = self.known(alias)
        if account is None:
            raise AccountNotConfiguredError(f"there is no account {alias!r}")
        return account

    async def every(self) -> tuple[Account, ...]:
        """The pool, and behind it the accounts that have a capture and are not of the configured pool.

        Raises:
            StoreError: the account rows cannot be read.
        """
        pool = await self.snapshot()
        memories, inside = self._memories, {account.alias for account in pool}
        assert memories is not None
        outside = [self._read[alias].account for alias in sorted(self._read.keys() - inside)]
        return (*pool, *(one.remembering(memories.by_alias.get(one.alias), memories.saved) for one in outside))

    def known(self, alias: str) -> Account | None:
        """One account as the last snapshot shows it, `None` when it is not in the pool."""
        return next((account for account in self._accounts if account.alias == alias), None)

    def changed(self) -> None:
        """Read again at the next call; for whoever in this process has just changed an account."""
        self._stale = True
        if self.on_changed is not None:
            self.on_changed()

    def _is_recent(self, now: float) -> bool:
        """Whether nothing can have changed since the last look, as far as that is looked after."""
        if now >= self._looked + _FOREIGN_CHANGE_SECONDS:
            return False
        if now < self._signed + self._capture_seconds:
            return True
        if self._sign() != self._signature:
            return False
        self._signed = now
        return True

    async def _look(self, signature: Hashable) -> tuple[Account, ...]:
        looked = time.monotonic()
        version = await self.store.changed()
        memories = self._memories
        if memories is None or version != self._version:
            known = None if memories is None else memories.revision
            memories = await self.store.read(lambda conn: recall(conn, known=known)) or memories
        if signature != self._signature:
            self._read = await asyncio.to_thread(self._read_captures)
        if signature != self._signature or memories is not self._memories:
            assert memories is not None
            self._accounts = tuple(
                account.remembering(memories.by_alias.get(account.alias), memories.saved) for account in self._ordered()
            )
        self._signature, self._memories, self._version = signature, memories, version
        self._looked = self._signed = looked
        return self._accounts

    def _sign(self) -> Hashable:
        return self._vault.signature(), self._vault.key_signature()

    def _read_captures(self) -> dict[str, _Read]:
        keys = self._vault.key_signature()
        found = {}
        for entry in self._vault.signature():
            alias, stamp = entry[0], (entry, keys)
            before = self._read.get(alias)
            found[alias] = before if before and before.stamp == stamp else _Read(stamp, self._examine(alias))
        return found

    def _examine(self, alias: str) -> Account:
        try:
            text = self._vault.read(alias)
            inspection = self._provider.inspect(text, now=utc_now(), settings=self._vault.read_settings(alias))
        except BridgeError as error:
            _log.warning("account_not_usable", account=alias, code=error.code, reason=error.message)
            return Account(alias=alias, limits=self._limits.of_account(alias, None), sizes=self._limits, error=error)
        except Exception:
            # One capture that trips a fault of ours must not take the other accounts away.
            _log.exception("account_not_examined", account=alias)
            fault = InternalError(f"the capture of {alias!r} could not be examined")
            return Account(alias=alias, limits=self._limits.of_account(alias, None), sizes=self._limits, error=fault)
        return Account(
            alias=alias,
            plan=inspection.capabilities.plan,
            capabilities=inspection.capabilities,
            email=inspection.email,
            token_expires_at=inspection.token_expires_at,
            token_issued_at=inspection.token_issued_at,
            cookies_expire_at=inspection.cookies_expire_at,
            capture_sha256=sha256(text.encode()).hexdigest(),
            limits=self._limits.of_account(alias, inspection.capabilities.plan),
            sizes=self._limits,
            judge=self._judge,
            error=unusable(alias, inspection),
        )

    def _ordered(self) -> list[Account]:
        if self._pool:
            return [self._read[alias].account if alias in self._read else self._missing(alias) for alias in self._pool]
        aliases = sorted(self._read)
        if self._first in self._read:
            aliases.sort(key=lambda alias: alias != self._first)
        return [self._read[alias].account for alias in aliases]

    @staticmethod
    def _missing(alias: str) -> Account:
        return Account(alias=alias, error=AccountNotConfiguredError(f"account {alias!r} has no capture"))


def unusable(alias: str, inspection: Inspection) -> BridgeError | None:
    """Why an examined capture cannot serve, `None` when every required check passed."""
    if inspection.ok:
        return None
    if inspection.missing == ("token_expiry",):
        return AuthExpiredError(f"the token of {alias!r} has expired")
    details = "; ".join(check.detail for check in inspection.checks if check.level == "required" and not check.ok)
    return CaptureRejectedError(f"the capture of {alias!r} cannot be used: {details}", reason=inspection.missing[0])
