"""What upstream has stored, and whether a submission arrived (docs/protocol.md sections 2.9 and 2.9a)."""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import quote

from core.errors import ConversationNotFoundError
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

    Raises:
        BridgeError: the list or one of the conversations could not be read, so nothing is proven.
    """
    since = sent_at - _SKEW
    for page in range(_MOST_PAGES):
        path = f"/backend-api/conversations?offset={page * _PAGE}&limit={_PAGE}&order=updated"
        listed = listed_conversations(await connection.call("GET", path, context="conversation_list"))
        for entry in listed:
            if entry.updated_at is not None and entry.updated_at < since:
                return None
            if await _holds(connection, entry.conversation_id, message_id):
                return FoundTurn(entry.conversation_id, message_id)
        if len(listed) < _PAGE:
            return None
    return None


async def _holds(connection: Connection, conversation_id: str, message_id: str) -> bool:
    try:
        return (await read_conversation(connection, conversation_id)).contains(message_id)
    except ConversationNotFoundError:
        # Removed by its owner since it was listed: it cannot hold what was just sent.
        return False
