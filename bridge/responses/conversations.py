"""Conversations that clients keep here: items in their order, and where they lie upstream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, delete, func, insert, select, update

from bridge.responses.places import NOWHERE, Item, Place, place_of
from bridge.responses.sealing import Sealing
from bridge.store.engine import Store
from bridge.store.tables import ConversationItemRow, ConversationRow
from bridge.vault import Keyring
from core.clock import utc_now
from core.errors import NotFoundError

CONVERSATIONS: Table = ConversationRow.metadata.tables[str(ConversationRow.__tablename__)]
ITEMS: Table = ConversationItemRow.metadata.tables[str(ConversationItemRow.__tablename__)]

PENDING = "chatgpt_pending_response"
"""The type of what stands in a conversation for an answer that is to come; its id is the response's."""

_MOST_OUTPUT = 10_000
"""Items of one answer."""


@dataclass(frozen=True, slots=True)
class KeptConversation:
    """One conversation, without its items."""

    id: str
    owner: str
    created_at: datetime
    metadata: dict[str, str] = field(repr=False)
    place: Place | None = None


class KeptConversations:
    """The conversations of all API keys; each finds its own."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._sealing = Sealing(keyring)

    async def create(self, conversation: KeptConversation, items: Sequence[Item]) -> None:
        """Keep a new conversation that begins with some items.

        Raises:
            StoreError, VaultKeyError: it cannot be kept.
        """
        sealed, *words = await self._sealing.seal(conversation.metadata, *items)
        row = {
            "id": conversation.id,
            "owner": conversation.owner,
            "created_at": conversation.created_at,
            "used_at": conversation.created_at,
            "sealed": sealed,
            **NOWHERE,
        }

        def work(conn: Connection) -> None:
            conn.execute(insert(CONVERSATIONS).values(row))
            _append(conn, conversation.id, items, words)

        await self._store.write(work, durable=True)

    async def get(self, conversation_id: str, owner: str | None) -> KeptConversation:
        """The owner's conversation of that id; anybody's for `None`.

        Raises:
            NotFoundError: there is none.
        """
        row = await self._store.read(lambda conn: _owned(conn, conversation_id, owner))
        (metadata,) = await self._sealing.unseal([row.sealed])
        return KeptConversation(row.id, row.owner, row.created_at, metadata, place_of(row))

    async def rename(self, conversation_id: str, owner: str | None, metadata: dict[str, str]) -> None:
        """Give a conversation other metadata.

        Raises:
            NotFoundError: there is none of this owner's.
        """
        (sealed,) = await self._sealing.seal(metadata)

        def work(conn: Connection) -> None:
            _owned(conn, conversation_id, owner)
            conn.execute(_at(conversation_id).values(sealed=sealed))

        await self._store.write(work, durable=True)

    async def items(self, conversation_id: str, owner: str | None) -> tuple[Item, ...]:
        """Everything that was said in it, oldest first.

        Raises:
            NotFoundError: there is none of this owner's.
        """

        def work(conn: Connection) -> list[str]:
            _owned(conn, conversation_id, owner)
            own = ITEMS.c.conversation_id == conversation_id
            return list(conn.execute(select(ITEMS.c.sealed).where(own).order_by(ITEMS.c.position)).scalars())

        return tuple(await self._sealing.unseal(await self._store.read(work)))

    async def append(
        self, conversation_id: str, owner: str | None, items: Sequence[Item], *, place: Place | None
    ) -> None:
        """Add items at its end.

        Args:
            place: where it can be gone on with upstream now; `None`: nowhere, since upstream does not know of them.

        Raises:
            NotFoundError: there is none of this owner's.
        """
        words = await self._sealing.seal(*items)

        def work(conn: Connection) -> None:
            _owned(conn, conversation_id, owner)
            _append(conn, conversation_id, items, words)
            conn.execute(_at(conversation_id).values(used_at=utc_now(), **(place.columns if place else NOWHERE)))

        await self._store.write(work, durable=True)

    async def expect(self, conversation_id: str, owner: str | None, items: Sequence[Item], response_id: str) -> None:
        """Add items at its end, and keep a place behind them for the answer of a response that is to come.

        Raises:
            NotFoundError: there is none of this owner's.
        """
        marker: Item = {"id": response_id, "type": PENDING}
        words = await self._sealing.seal(*items, marker)

        def work(conn: Connection) -> None:
            _owned(conn, conversation_id, owner)
            _append(conn, conversation_id, items, words[:-1])
            _append(conn, conversation_id, [marker], words[-1:], free=_MOST_OUTPUT)
            conn.execute(_at(conversation_id).values(used_at=utc_now(), **NOWHERE))

        await self._store.write(work, durable=True)

    async def settle(self, conversation_id: str, response_id: str, items: Sequence[Item]) -> None:
        """Put what a response has answered where its place is kept; nothing where none is."""
        words = await self._sealing.seal(*items)

        def work(conn: Connection) -> None:
            marker = ITEMS.c.conversation_id == conversation_id, ITEMS.c.item_id == response_id
            position = conn.execute(select(ITEMS.c.position).where(*marker)).scalar_one_or_none()
            if position is None:
                return
            conn.execute(delete(ITEMS).where(*marker))
            _insert(conn, conversation_id, items, words, position - len(items) + 1)

        await self._store.write(work)

    async def remove_item(self, conversation_id: str, owner: str | None, item_id: str) -> None:
        """Take one item out; what lies upstream still has it, so that the conversation begins anew there.

        Raises:
            NotFoundError: there is no such item, or no such conversation of this owner's.
        """

        def work(conn: Connection) -> None:
            _owned(conn, conversation_id, owner)
            gone = conn.execute(
                delete(ITEMS).where(ITEMS.c.conversation_id == conversation_id, ITEMS.c.item_id == item_id)
            )
            if not gone.rowcount:
                raise NotFoundError(f"The conversation has no item {item_id!r}.")
            conn.execute(_at(conversation_id).values(**NOWHERE))

        await self._store.write(work, durable=True)

    async def remove(self, conversation_id: str, owner: str | None) -> None:
        """Forget a conversation and its items.

        Raises:
            NotFoundError: there is none of this owner's.
        """

        def work(conn: Connection) -> None:
            _owned(conn, conversation_id, owner)
            remove(conn, conversation_id)

        await self._store.write(work, durable=True)


def remove(conn: Connection, conversation_id: str) -> None:
    """Forget a conversation and its items, within the caller's transaction."""
    conn.execute(delete(ITEMS).where(ITEMS.c.conversation_id == conversation_id))
    conn.execute(delete(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id))


def _owned(conn: Connection, conversation_id: str, owner: str | None) -> Row[Any]:
    row = conn.execute(select(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id)).one_or_none()
    if row is None or owner not in (None, row.owner):
        raise NotFoundError(f"There is no conversation {conversation_id!r}.", param="conversation")
    return row


def _at(conversation_id: str) -> Any:
    return update(CONVERSATIONS).where(CONVERSATIONS.c.id == conversation_id)


def _append(
    conn: Connection, conversation_id: str, items: Sequence[Item], words: Sequence[str], *, free: int = 0
) -> None:
    """Args:
    free: how many numbers are left free before them.
    """
    last = select(func.max(ITEMS.c.position)).where(ITEMS.c.conversation_id == conversation_id)
    _insert(conn, conversation_id, items, words, (conn.execute(last).scalar_one() or 0) + 1 + free)


def _insert(conn: Connection, conversation_id: str, items: Sequence[Item], words: Sequence[str], first: int) -> None:
    rows = [
        {"conversation_id": conversation_id, "position": first + number, "item_id": item["id"], "sealed": word}
        for number, (item, word) in enumerate(zip(items, words, strict=True))
    ]
    if rows:
        conn.execute(insert(ITEMS).values(rows))
