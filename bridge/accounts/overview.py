"""Everything that is to be said of the accounts at one moment, from the files, the rows and the slots."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bridge.accounts.account import Account
from bridge.accounts.leases import Used, used
from bridge.accounts.logins import same_login
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from bridge.store.types import from_microseconds
from bridge.vault import Vault
from core.clock import utc_now
from core.errors import BridgeError, NotFoundError
from provider.interface.accounts import Inspection
from provider.interface.session import Provider

_SELECT = (
    "SELECT alias, plan, email, health_since, captured_at, last_used_at, last_success_at, updated_at FROM accounts"
)


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What the database says of an account of which there may be no capture any more.

    The registry's snapshot may be older where only the times of its use differ.
    """

    plan: str | None
    email: str | None
    health_since: datetime | None
    captured_at: datetime | None
    last_used_at: datetime | None
    last_success_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Sight:
    """One name: an account, or what is left of one.

    Attributes:
        account: `None` where there is no capture and the pool does not name it.
        in_pool: whether requests may be given to it.
        captured_at: when its capture was stored, `None` when there is none.
        previous: whether there is a capture that can be restored.
        inspection: its capture, examined, where that was asked for and it can be read.
    """

    alias: str
    account: Account | None
    in_pool: bool
    row: StoredRow | None
    captured_at: datetime | None
    previous: bool
    settings: bool
    inspection: Inspection | None = None


@dataclass(frozen=True, slots=True)
class View:
    """All names, and the slots that are taken."""

    sights: tuple[Sight, ...]
    taken: Used


class Overview:
    """Looks at the accounts."""

    def __init__(self, store: Store, vault: Vault, provider: Provider, registry: Registry) -> None:
        self._store = store
        self._vault = vault
        self._provider = provider
        self._registry = registry

    async def accounts(self) -> View:
        """Every account, those of the pool first and in its order.

        Raises:
            StoreError: the rows cannot be read.
        """
        view = await self._look()
        return View(tuple(sight for sight in view.sights if sight.account is not None), view.taken)

    async def account(self, alias: str) -> tuple[Sight, Used]:
        """One account, its capture examined.

        Raises:
            NotFoundError: there is none of that name.
        """
        view = await self.accounts()
        if all(sight.alias != alias for sight in view.sights):
            raise NotFoundError(f"There is no account {alias!r}.")
        return (await self._look({alias})).sights[0], view.taken

    async def names(self) -> View:
        """Every name of which anything is known, in alphabetical order, the captures examined."""
        view = await self._look()
        examined = await self._look({sight.alias for sight in view.sights})
        return View(tuple(sorted(examined.sights, key=lambda sight: sight.alias)), view.taken)

    async def same_login(self, alias: str, found: Inspection) -> tuple[str, ...]:
        """The other accounts that are known to be of a capture's login, in alphabetical order."""
        others = await self.inspections([name for name in self._vault.aliases() if name != alias])
        return tuple(sorted(name for name, other in others.items() if same_login(other, found)))

    async def inspections(self, aliases: Collection[str]) -> dict[str, Inspection]:
        """The captures of those accounts, examined; those that cannot be read are left out."""
        return await asyncio.to_thread(self._inspections, aliases)

    async def _look(self, examined: Collection[str] = ()) -> View:
        pool = {account.alias for account in await self._registry.snapshot()}
        known = {account.alias: account for account in await self._registry.every()}
        rows, taken = await self._store.read(lambda conn: (_rows(conn), used(conn)))
        names = examined or list(dict.fromkeys([*known, *self._vault.folders(), *rows]))
        inspections = await self.inspections(examined) if examined else {}
        sights = [self._sight(alias, known.get(alias), alias in pool, rows, inspections) for alias in names]
        return View(tuple(sights), taken)

    def _sight(
        self,
        alias: str,
        account: Account | None,
        in_pool: bool,
        rows: Mapping[str, StoredRow],
        inspections: Mapping[str, Inspection],
    ) -> Sight:
        row = rows.get(alias)
        stored_at = self._vault.stored_at(alias)
        known_at = row.captured_at if row is not None and stored_at is not None else None
        return Sight(
            alias=alias,
            account=account,
            in_pool=in_pool,
            row=row,
            captured_at=known_at or stored_at,
            previous=self._vault.has_previous(alias),
            settings=self._vault.has_settings(alias),
            inspection=inspections.get(alias),
        )

    def _inspections(self, aliases: Collection[str]) -> dict[str, Inspection]:
        found = {}
        for alias in aliases:
            try:
                text, settings = self._vault.read(alias), self._vault.read_settings(alias)
                found[alias] = self._provider.inspect(text, now=utc_now(), settings=settings)
            except BridgeError:
                continue
        return found


def _rows(conn: Connection) -> dict[str, StoredRow]:
    rows = conn.exec_driver_sql(_SELECT)
    return {
        row.alias: StoredRow(
            plan=row.plan,
            email=row.email,
            health_since=_time(row.health_since),
            captured_at=_time(row.captured_at),
            last_used_at=_time(row.last_used_at),
            last_success_at=_time(row.last_success_at),
            updated_at=from_microseconds(row.updated_at),
        )
        for row in rows
    }


def _time(value: int | None) -> datetime | None:
    return None if value is None else from_microseconds(value)
