"""Adding, replacing and removing accounts."""

from __future__ import annotations

import asyncio
from hashlib import sha256

from bridge.accounts.account import Health
from bridge.accounts.leases import Transaction
from bridge.accounts.memory import bump, forget, remember
from bridge.accounts.registry import Registry, unusable
from bridge.store.engine import Store
from bridge.vault import Vault
from bridge.vault.aliases import given_alias
from core.clock import utc_now
from core.errors import InvalidRequestError
from core.logging import get_logger
from provider.interface.accounts import Inspection
from provider.interface.session import Provider

_log = get_logger(__name__)


class Captures:
    """Examines captures, proves them, and only then lets them replace what is there."""

    def __init__(self, store: Store, vault: Vault, provider: Provider, registry: Registry) -> None:
        self._store = store
        self._vault = vault
        self._provider = provider
        self._registry = registry

    def inspect(self, text: str) -> Inspection:
        """Examine a capture; nothing is sent and nothing is written.

        Raises:
            CaptureRejectedError: the text is not a capture at all.
        """
        return self._provider.inspect(text, now=utc_now())

    async def add(self, alias: str, text: str, *, verify: bool, replace: bool) -> Inspection:
        """Store a capture as an account, which counts from the next request on, in every process.

        What was learnt of an older capture is forgotten; a cooldown stays, because it is the login's. When anything
        fails, the older capture is still there.

        Args:
            alias: trimmed.
            text: the capture, in any accepted format.
            verify: ask upstream first whether the capture still authenticates; costs no quota.
            replace: whether an account of that name may be there already.

        Raises:
            InvalidRequestError: the name is not allowed, or taken; `param` is `account`.
            CaptureRejectedError: a required check failed.
            AuthExpiredError: the capture's token has expired.
            VaultKeyError: the key does not open the accounts that are there, so it must not lock another one.
            StoreError: it cannot be written.
            BridgeError: what upstream said to the verification.
        """
        alias = given_alias(alias)
        if not replace and alias in self._vault.aliases():
            raise InvalidRequestError(f"there is an account {alias!r} already", param="account")
        inspection = self.inspect(text)
        problem = unusable(alias, inspection)
        if problem is not None:
            raise problem
        if verify:
            await self._verify(alias, text)
        await asyncio.to_thread(self._keep, alias, text)
        await self._store.write(lambda conn: _fresh(conn, alias, text, inspection), durable=True)
        self._registry.changed()
        _log.info("account_saved", account=alias, plan=inspection.capabilities.plan)
        return inspection

    async def delete(self, alias: str) -> bool:
        """Remove an account, its capture and what is remembered of it; returns whether there was one.

        Raises:
            InvalidRequestError: no account can have that name.
            StoreError: it cannot be removed.
        """
        alias = given_alias(alias)
        existed = await asyncio.to_thread(self._vault.delete, alias)
        await self._store.write(lambda conn: _gone(conn, alias), durable=True)
        self._registry.changed()
        _log.info("account_deleted", account=alias, existed=existed)
        return existed

    async def _verify(self, alias: str, text: str) -> None:
        session = self._provider.open(alias, text)
        try:
            await session.verify()
        finally:
            await session.aclose()

    def _keep(self, alias: str, text: str) -> None:
        self._vault.check(besides=alias)
        self._vault.write(alias, text)


def _fresh(conn: Transaction, alias: str, text: str, inspection: Inspection) -> None:
    now = utc_now()
    remember(
        conn,
        alias,
        now,
        plan=inspection.capabilities.plan,
        email=inspection.email,
        capture_sha256=sha256(text.encode()).hexdigest(),
        health=Health.OK.value,
        health_detail="",
        health_since=now,
    )
    bump(conn)


def _gone(conn: Transaction, alias: str) -> None:
    forget(conn, alias)
    bump(conn)
