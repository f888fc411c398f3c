"""Kept responses: each with its own input, and the one before it by its id."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, insert, select

from bridge.responses.places import NOWHERE, Item, Place, place_of
from bridge.responses.sealing import Sealing
from bridge.store.engine import Store
from bridge.store.tables import ResponseRow
from bridge.vault import Keyring
from core.errors import NotFoundError

RESPONSES: Table = ResponseRow.metadata.tables[str(ResponseRow.__tablename__)]

LONGEST_CHAIN = 1000
"""How many responses one may go on from, one after the other."""


@dataclass(frozen=True, slots=True)
class KeptResponse:
    """One response.

    Attributes:
        body: the response as its client reads it.
        items: its own input, each with an id.
        previous_id: the response that it goes on from.
        place: where it can be gone on with upstream.
    """

    id: str
    owner: str
    created_at: datetime
    body: dict[str, Any] = field(repr=False)
    items: tuple[Item, ...] = field(repr=False)
    previous_id: str | None = None
    place: Place | None = None

    @property
    def said(self) -> tuple[Item, ...]:
        """What it adds to its conversation: its input, then its output."""
        return (*self.items, *self.body["output"])


class KeptResponses:
    """The responses of all API keys; each finds its own."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._sealing = Sealing(keyring)

    async def keep(self, response: KeptResponse) -> None:
        """Keep a response; it is on the disk when this returns.

        Raises:
            StoreError, VaultKeyError: it cannot be kept.
        """
        (sealed,) = await self._sealing.seal({"body": response.body, "items": response.items})
        row = {
            "id": response.id,
            "owner": response.owner,
            "created_at": response.created_at,
            "previous_id": response.previous_id,
            "sealed": sealed,
            **(response.place.columns if response.place else NOWHERE),
        }
        await self._store.write(lambda conn: conn.execute(insert(RESPONSES).values(row)), durable=True)

    async def find(self, response_id: str, owner: str | None) -> KeptResponse | None:
        """The owner's response of that id; anybody's for `None`.

        Raises:
            StoreError, VaultKeyError: it cannot be read.
        """
        row = await self._store.read(lambda conn: _row(conn, response_id))
        if row is None or owner not in (None, row.owner):
            return None
        (sealed,) = await self._sealing.unseal([row.sealed])
        return _kept(row, sealed)

    async def place(self, response_id: str, owner: str) -> Place | None:
        """Where a response can be gone on with upstream, `None` where it cannot.

        Raises:
            NotFoundError: there is no such response, or it is another owner's.
        """
        row = await self._store.read(lambda conn: _row(conn, response_id))
        if row is None or row.owner != owner:
            raise NotFoundError(f"There is no response {response_id!r}.", param="previous_response_id")
        return place_of(row)

    async def chain(self, response_id: str, owner: str) -> tuple[KeptResponse, ...]:
        """A response and all that it goes on from, oldest first.

        Raises:
            NotFoundError: one of them is not there any more, or never was this owner's.
        """
        rows = await self._store.read(lambda conn: _chain(conn, response_id, owner))
        opened = await self._sealing.unseal([row.sealed for row in rows])
        return tuple(_kept(row, sealed) for row, sealed in zip(rows, opened, strict=True))

    async def remove(self, response_id: str, owner: str | None) -> bool:
        """Forget the owner's response of that id; anybody's for `None`. Whether it was there."""

        def work(conn: Connection) -> bool:
            row = _row(conn, response_id)
            if row is None or owner not in (None, row.owner):
                return False
            return bool(conn.execute(delete(RESPONSES).where(RESPONSES.c.id == response_id)).rowcount)

        return await self._store.write(work, durable=True)


def _row(conn: Connection, response_id: str) -> Row[Any] | None:
    return conn.execute(select(RESPONSES).where(RESPONSES.c.id == response_id)).one_or_none()


def _chain(conn: Connection, response_id: str, owner: str) -> list[Row[Any]]:
    rows: list[Row[Any]] = []
    wanted: str | None = response_id
    while wanted is not None:
        row = _row(conn, wanted)
        if row is None or row.owner != owner or len(rows) == LONGEST_CHAIN:
            raise NotFoundError(f"There is no response {wanted!r} to go on from.", param="previous_response_id")
        rows.append(row)
        wanted = row.previous_id
    return rows[::-1]


def _kept(row: Row[Any], sealed: dict[str, Any]) -> KeptResponse:
    return KeptResponse(
        id=row.id,
        owner=row.owner,
        created_at=row.created_at,
        body=sealed["body"],
        items=tuple(sealed["items"]),
        previous_id=row.previous_id,
        place=place_of(row),
    )
