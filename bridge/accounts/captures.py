"""Adding, updating, restoring and removing accounts (docs/accounts.md)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bridge import audit
from bridge.accounts.changes import plain
from bridge.accounts.events import happened
from bridge.accounts.leases import Transaction
from bridge.accounts.logins import LoginMemory, forget_login, require_same_login, same_login
from bridge.accounts.memory import bump, forget, recall_one
from bridge.accounts.recording import Change, record, told_of
from bridge.accounts.registry import Registry, unusable
from bridge.store.engine import Store
from bridge.vault import Vault
from bridge.vault.aliases import given_alias, new_alias
from bridge.vault.captures import Removed
from core.clock import utc_now
from core.errors import (
    AccountNotConfiguredError,
    CaptureRejectedError,
    CaptureUnreadableError,
    InvalidRequestError,
    NotFoundError,
)
from core.logging import get_logger
from provider.interface.accounts import Inspection
from provider.interface.session import Provider

_log = get_logger(__name__)


class Captures:
    """Examines captures, proves them, and only then lets them replace what is there.

    A change counts from the next request on, in other processes a moment later. What was learnt of an older capture is
    forgotten; a cooldown stays, because it is the login's, until another login takes the account. When anything fails,
    the older capture is still there. Whoever changes something is `actor` in the audit log.
    """

    def __init__(
        self, store: Store, vault: Vault, provider: Provider, registry: Registry, memory: LoginMemory | None = None
    ) -> None:
        """Args:
        memory: what is remembered of logins elsewhere.
        """
        self._memory = memory
        self._store = store
        self._vault = vault
        self._provider = provider
        self._registry = registry

    def inspect(self, text: str, settings: str | None = None) -> Inspection:
        """Examine a capture, with the account's web settings where they are known; nothing is sent, nothing written.

        Raises:
            CaptureRejectedError: the text is not a capture at all.
        """
        return self._provider.inspect(text, now=utc_now(), settings=settings)

    def look_at(self, text: str, settings: str | None = None) -> Inspection:
        """The same of any text: one that is no capture at all has failed the check `parse`."""
        try:
            return self.inspect(text, settings)
        except CaptureRejectedError as error:
            return Inspection.unreadable(error.message)

    async def current(self, alias: str) -> Inspection | None:
        """The capture that is there, examined; `None` when there is none, or none that can be read."""
        return await asyncio.to_thread(self._current, alias)

    async def add(
        self, alias: str, text: str, *, actor: str, verify: bool = True, settings: str | None = None
    ) -> Inspection:
        """Store a capture as a new account.

        Args:
            alias: trimmed.
            text: the capture, in any accepted format.
            verify: ask upstream first whether the capture still authenticates; costs no quota.
            settings: the account's settings as the browser has them, in JSON, to be kept beside it.

        Raises:
            InvalidRequestError: the name is not allowed, or taken; `param` is `account`.
            CaptureRejectedError: a required check failed.
            AuthExpiredError: the capture's token has expired.
            VaultKeyError: the key does not open the accounts that are there, so it must not lock another one.
            StoreError: it cannot be written.
            BridgeError: what upstream said to the verification.
        """
        alias = new_alias(alias)
        self._require_free(alias)
        inspection = await self._proved(alias, text, verify=verify, settings=settings)
        change = Change(alias, text, inspection, "added", actor, utc_now(), verify, new_login=True)

        def keep() -> None:
            self._require_free(alias)
            self._keep_settings(alias, settings)
            self._vault.write(alias, text)

        await self._put(change, keep)
        return inspection

    async def update(
        self,
        alias: str,
        text: str,
        *,
        actor: str,
        verify: bool = True,
        other_login: bool = False,
        settings: str | None = None,
    ) -> Inspection:
        """Give an account a newer capture; the one before is kept, and `restore` brings it back.

        Args:
            other_login: the capture may belong to another login upstream than the one before.
            settings: as `add`; without any those that are there stay.

        Raises:
            NotFoundError: there is no account of that name.
            OtherLoginError: the capture belongs to another login, and that was not said.
            InvalidRequestError, CaptureRejectedError, AuthExpiredError, VaultKeyError, StoreError, BridgeError: as
                `add`.
        """
        alias = given_alias(alias)
        self._require_there(alias)
        before = await self.current(alias)
        inspection = await asyncio.to_thread(self._usable, alias, text, settings)
        if not other_login:
            require_same_login(alias, before, inspection)
        await self._verify(alias, text, verify=verify)
        same = None if before is None else same_login(before, inspection)
        new_login = same is False or (same is None and other_login)
        change = Change(alias, text, inspection, "replaced", actor, utc_now(), verify, before, new_login)

        def keep() -> None:
            self._require_there(alias)
            self._keep_settings(alias, settings)
            self._vault.write(alias, text, keep_previous=True)

        await self._put(change, keep)
        return inspection

    async def restore(self, alias: str, *, actor: str, verify: bool = True) -> Inspection:
        """Have the previous capture and the present one change places; an account that was put aside is back.

        Raises:
            NotFoundError: there is no previous capture, or it was replaced meanwhile.
            CaptureUnreadableError: it does not open.
            InvalidRequestError, CaptureRejectedError, AuthExpiredError, VaultKeyError, StoreError, BridgeError: as
                `add`.
        """
        alias = given_alias(alias)
        try:
            text = await asyncio.to_thread(self._vault.read_previous, alias)
        except AccountNotConfiguredError:
            raise NotFoundError(f"There is no previous capture of {alias!r}.") from None
        before = await self.current(alias)
        inspection = await self._proved(alias, text, verify=verify)
        at = self._vault.stored_at(alias, previous=True) or utc_now()

        def keep() -> None:
            try:
                self._vault.restore(alias, text)
            except AccountNotConfiguredError as error:
                raise NotFoundError(error.message) from None

        new_login = before is not None and same_login(before, inspection) is False
        await self._put(Change(alias, text, inspection, "restored", actor, at, verify, before, new_login), keep)
        return inspection

    async def delete(
        self, alias: str, *, actor: str, keep_capture: bool = False, keep_settings: bool = False
    ) -> Removed:
        """Remove an account, its captures and what is remembered of it; one that is not there is no error.

        Args:
            keep_capture: put the capture aside, encrypted as it is, where `restore` finds it.
            keep_settings: leave the web settings of an older bridge where they are.

        Raises:
            InvalidRequestError: no account can have that name.
            StoreError: it cannot be removed.
        """
        alias = given_alias(alias)
        current = await self.current(alias)

        def work(conn: Transaction) -> Removed:
            before = {**({} if current is None else told_of(current)), **plain(recall_one(conn, alias))}
            known = forget(conn, alias)
            self._forget_login(conn, alias)
            removed = self._vault.delete(alias, keep_capture=keep_capture, keep_settings=keep_settings)
            if known or removed != Removed():
                happened(conn, alias, "account.deleted", utc_now(), capture_kept=removed.kept)
                audit.record(conn, actor, "account.deleted", alias, before, {"capture_kept": removed.kept})
                bump(conn)
            return removed

        removed = await self._store.write(work, durable=True)
        if self._memory is not None:
            self._memory.forgotten(alias)
        self._registry.changed()
        _log.info("account_deleted", account=alias, existed=removed.capture)
        return removed

    async def _proved(self, alias: str, text: str, *, verify: bool, settings: str | None = None) -> Inspection:
        inspection = await asyncio.to_thread(self._usable, alias, text, settings)
        await self._verify(alias, text, verify=verify)
        return inspection

    def _usable(self, alias: str, text: str, settings: str | None) -> Inspection:
        inspection = self.inspect(text, self._vault.read_settings(alias) if settings is None else settings)
        problem = unusable(alias, inspection)
        if problem is not None:
            raise problem
        return inspection

    async def _verify(self, alias: str, text: str, *, verify: bool) -> None:
        if not verify:
            return
        session = self._provider.open(alias, text)
        try:
            await session.verify()
        finally:
            await session.aclose()

    async def _put(self, change: Change, keep: Callable[[], None]) -> None:
        """The rows and the file: the file changes last, within the transaction, which fails with it."""
        await asyncio.to_thread(self._vault.check, besides=change.alias)

        def work(conn: Transaction) -> None:
            if change.new_login:
                self._forget_login(conn, change.alias)
            record(conn, change)
            keep()

        await self._store.write(work, durable=True)
        if change.new_login and self._memory is not None:
            self._memory.forgotten(change.alias)
        self._registry.changed()
        _log.info("account_saved", account=change.alias, plan=change.inspection.capabilities.plan, how=change.verb)

    def _forget_login(self, conn: Transaction, alias: str) -> None:
        forget_login(conn, alias)
        if self._memory is not None:
            self._memory.forget(conn, alias)

    def _current(self, alias: str) -> Inspection | None:
        try:
            return self.inspect(self._vault.read(alias))
        except (AccountNotConfiguredError, CaptureUnreadableError, CaptureRejectedError):
            return None

    def _keep_settings(self, alias: str, settings: str | None) -> None:
        if settings is not None:
            self._vault.write_settings(alias, settings)

    def _require_free(self, alias: str) -> None:
        if alias in self._vault.aliases():
            raise InvalidRequestError(f"there is an account {alias!r} already", param="account")

    def _require_there(self, alias: str) -> None:
        if alias not in self._vault.aliases():
            raise NotFoundError(f"There is no account {alias!r}.")
