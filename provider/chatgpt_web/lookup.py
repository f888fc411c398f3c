"""What upstream has stored, and whether a submission arrived (docs/protocol.md sections 2.9 and 2.9a)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from core.clock import utc_now
from core.errors import AccountError, BridgeError, ConversationNotFoundError, OutcomeUnknownError, ProtocolError
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.conversation import Conversation, listed_conversations
from provider.interface.turns import AnswerState, FoundTurn

_REST_SECONDS = 60.0
_LAG_SECONDS = 10.0
_MOST_RESTING = 256
_PAGE = 28
_MOST_PAGES = 20
_SKEW = timedelta(minutes=2)
"""What is allowed for two clocks that are never the same, beside the lead of ours that upstream's answer shows."""


async def read_conversation(connection: Connection, conversation_id: str) -> Conversation:
    """The stored conversation; it may lag behind its stream by seconds."""
    path = f"/backend-api/conversation/{quote(conversation_id, safe='')}"
    return Conversation(await connection.call("GET", path, context="conversation_read"))


async def find_message(connection: Connection, message_id: str, *, sent_at: datetime) -> FoundTurn | None:
    """The conversation that holds a client-made message id, among those updated since it was sent.

    `None` is a proof: every one of them was read. A conversation that cannot be read may be the one, also where
    upstream says that it does not exist: it says so of new ones that are still being written.

    Raises:
        OutcomeUnknownError: one of them cannot be read, or there are more than are looked through.
        BridgeError: upstream could not be asked; nothing is proven either.
    """
    unread: BridgeError | None = None
    looked: set[str] = set()
    for _ in range(2):
        listed, is_paged = await _updated_since(connection, sent_at - _SKEW)
        for conversation_id in listed:
            if conversation_id in looked:
                continue
            looked.add(conversation_id)
            try:
                if (await read_conversation(connection, conversation_id)).contains(message_id):
                    return FoundTurn(conversation_id, message_id)
            except (ConversationNotFoundError, ProtocolError) as error:
                # Another one may still hold it.
                unread = error
        if not is_paged:
            break
        # What is updated while pages are listed moves up past the place that is looked at, hence a second time.
    if unread is not None:
        raise OutcomeUnknownError("A conversation that may hold the turn cannot be read.", spent=True) from unread
    return None


async def _updated_since(connection: Connection, since: datetime) -> tuple[list[str], bool]:
    """Conversation ids, newest first, and whether they filled more than a page.

    An entry that does not say when it was updated counts as new.
    """
    found: list[str] = []
    for page in range(_MOST_PAGES):
        path = f"/backend-api/conversations?offset={page * _PAGE}&limit={_PAGE}&order=updated"
        document, received = await connection.call_with_headers(
            "GET", path, context="conversation_list", headers={"accept": "application/json"}
        )
        earliest = since - _lead(received)
        listed = listed_conversations(document)
        newer = [entry for entry in listed if entry.updated_at is None or entry.updated_at >= earliest]
        found += [entry.conversation_id for entry in newer]
        if len(newer) < len(listed) or len(listed) < _PAGE:
            return found, page > 0
    raise OutcomeUnknownError("Too many conversations were updated since to look through them all.", spent=True)


def _lead(received: Mapping[str, str]) -> timedelta:
    """How far our clock is ahead of upstream's; nothing where it is behind, or upstream names no time."""
    try:
        told = parsedate_to_datetime(received.get("date", ""))
    except ValueError:
        return timedelta(0)
    return max(utc_now() - (told if told.tzinfo else told.replace(tzinfo=UTC)), timedelta(0))


class Answers:
    """Looks at answers in stored conversations, and notices those that upstream has given up.

    One is given up when its turn was not written to for a minute, upstream says that it is not streaming, and a look
    after a while finds the same: the document lags behind the stream.
    """

    def __init__(self, connection: Connection, *, scale: float) -> None:
        self._connection = connection
        self._scale = scale
        self._resting: dict[str, float] = {}

    async def state(self, conversation_id: str, message_id: str) -> AnswerState:
        """What the conversation holds of the answer to a user message."""
        stored = await read_conversation(self._connection, conversation_id)
        state = stored.answer_state(message_id)
        if state.status != "pending" or await self._is_written(stored, conversation_id, message_id):
            self._resting.pop(message_id, None)
            return state
        now = asyncio.get_running_loop().time()
        if now - self._resting.setdefault(message_id, now) < _LAG_SECONDS * self._scale:
            if len(self._resting) > _MOST_RESTING:
                del self._resting[next(iter(self._resting))]
            return state
        return stored.given_up_state(message_id)

    async def _is_written(self, stored: Conversation, conversation_id: str, message_id: str) -> bool:
        """Whether upstream works on it, or may; what cannot be found out counts as work."""
        since = stored.rests_since(message_id)
        if since is None or (utc_now() - since).total_seconds() < _REST_SECONDS * self._scale:
            return True
        path = f"/backend-api/conversation/{quote(conversation_id, safe='')}/stream_status"
        try:
            told = await self._connection.call("GET", path, context="stream_status")
        except AccountError:
            raise
        except BridgeError:
            return True
        return not isinstance(told, dict) or told.get("status") == "IS_STREAMING"
