"""What upstream has stored, and whether a submission arrived (docs/protocol.md sections 2.9 and 2.9a)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from urllib.parse import quote

from core.errors import BridgeError, ConversationNotFoundError, OutcomeUnknownError, ProtocolError
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.conversation import Conversation, listed_conversations
from provider.interface.turns import FoundTurn

_PAGE = 28
_MOST_PAGES = 20
_SKEW = timedelta(minutes=2)
"""How far upstream's clock may be behind ours."""


async def read_conversation(connection: Connection, conversation_id: str) -> Conversation:
    """The stored conversation; it may lag behind its stream by seconds."""
    path = f"/backend-api/conversation/{quote(conversation_id, safe='')}"
    return Conversation(await connection.call("GET", path, context="conversation_read"))


async def find_message(connection: Connection, message_id: str, *, sent_at: datetime) -> FoundTurn | None:
    """The conversation that holds a client-made message id, among those updated since it was sent.

    `None` is a proof: every one of them was read. A conversation that cannot be read may be the one, also where
    upstream says that it does not exist: it says so of new ones that are still being written.

    Raises:
        OutcomeUnknownError: there are more conversations than are looked through.
        BridgeError: the list or a conversation could not be read, so nothing is proven.
    """
    unread: BridgeError | None = None
    async for conversation_id in _updated_since(connection, sent_at - _SKEW):
        try:
            if (await read_conversation(connection, conversation_id)).contains(message_id):
                return FoundTurn(conversation_id, message_id)
        except (ConversationNotFoundError, ProtocolError) as error:
            # Another one may still hold it.
            unread = error
    if unread is not None:
        raise unread
    return None


async def _updated_since(connection: Connection, since: datetime) -> AsyncIterator[str]:
    """Conversation ids, newest first; an entry that does not say when it was updated counts as new."""
    for page in range(_MOST_PAGES):
        path = f"/backend-api/conversations?offset={page * _PAGE}&limit={_PAGE}&order=updated"
        headers = {"accept": "application/json"}
        listed = listed_conversations(await connection.call("GET", path, context="conversation_list", headers=headers))
        for entry in listed:
            if entry.updated_at is not None and entry.updated_at < since:
                return
            yield entry.conversation_id
        if len(listed) < _PAGE:
            return
    raise OutcomeUnknownError("Too many conversations were updated since to look through them all.", spent=True)
