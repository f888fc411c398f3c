"""Answers of which nobody hears the pieces."""

from __future__ import annotations

from abc import abstractmethod

from starlette.types import Receive, Scope, Send

from api.errors import ErrorAnswer
from api.keepalive import LateJson
from bridge.chat.choices import Answered
from bridge.chat.tools.offer import ToolCall
from core.settings import ServerSettings


class Unheard:
    """Hears a chat to its end and tells nothing of it meanwhile."""

    @property
    def begun(self) -> bool:
        """The client has received nothing."""
        return False

    async def accepted(self, account: str) -> None:
        """Nothing to tell yet."""

    def conversation(self, conversation_id: str) -> None:
        """Nothing to tell yet."""

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """Nothing to tell yet."""

    async def text(self, piece: str, choice: int = 0) -> None:
        """Nothing to tell yet."""

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """Nothing to tell yet."""


class WholeAnswer(Unheard):
    """One JSON document at the end, and white space for proxies where that takes long."""

    def __init__(self, settings: ServerSettings, send: Send) -> None:
        self._late = LateJson(
            send, patience_seconds=settings.sync_patience_seconds, every_seconds=settings.ping_seconds
        )

    @property
    def begun(self) -> bool:
        """The client has the headers."""
        return self._late.opened

    @abstractmethod
    async def finish(self, answered: Answered) -> None:
        """Send it."""

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send the error."""
        if not self._late.ended:
            await self._late.fail(answer)

    def due(self) -> float:
        """When white space is wanted."""
        return self._late.due()

    async def beat(self) -> None:
        """White space."""
        await self._late.beat()

    def close(self) -> None:
        """Nothing is left behind."""
