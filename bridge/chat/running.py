"""Chats that brought an id of their own, while they run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from bridge.chat.choices import Choices
from core.clock import utc_now
from core.errors import OperationIdTakenError


@dataclass(slots=True)
class RunningChat:
    """A chat that can be read and cancelled by its id.

    Attributes:
        end: ends its work; leaving the turn tells upstream to stop.
    """

    id: str
    owner: str
    model: str
    run: Choices
    end: Callable[[], None]
    created_at: datetime = field(default_factory=utc_now)
    cancel_requested: bool = False

    @property
    def state(self) -> Literal["waiting_for_account", "submitting", "running"]:
        """Where it stands, in the words of an operation."""
        if self.run.account is None:
            return "waiting_for_account"
        return "running" if self.run.conversation_id else "submitting"

    @property
    def last_cancel_result(self) -> dict[str, Any] | None:
        """What a cancel could do, `None` before one."""
        if not self.cancel_requested:
            return None
        if self.run.account is None:
            return {"pending": "provider_not_selected"}
        conversation_id = self.run.conversation_id
        if conversation_id is None:
            return {"pending": "conversation_id_not_available"}
        return {"conversation": {"conversation_id": conversation_id, "stopping": True}}

    def cancel(self) -> None:
        """End it; its client is told so."""
        self.cancel_requested = True
        self.end()


class RunningChats:
    """The running chats of this process, by id."""

    def __init__(self) -> None:
        self._chats: dict[str, RunningChat] = {}

    @contextmanager
    def running(self, chat: RunningChat) -> Iterator[None]:
        """Have the chat in the table while the block runs.

        Raises:
            OperationIdTakenError: a chat of that id runs already.
        """
        self.require_free(chat.id)
        self._chats[chat.id] = chat
        try:
            yield
        finally:
            del self._chats[chat.id]

    def require_free(self, chat_id: str) -> None:
        """See that no chat of that id runs.

        Raises:
            OperationIdTakenError: one does.
        """
        if chat_id in self._chats:
            raise OperationIdTakenError("A chat of this id is running.", param="chatgpt_operation_id")

    def get(self, chat_id: str, owner: str | None) -> RunningChat | None:
        """The owner's chat of that id, while it runs; `None` for anybody's."""
        chat = self._chats.get(chat_id)
        return chat if chat is not None and owner in (None, chat.owner) else None
