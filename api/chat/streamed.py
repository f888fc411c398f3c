"""A chat's answer as a stream."""

from __future__ import annotations

from starlette.types import Send

from api.answers.naming import Naming
from api.answers.streaming import StreamedTalk
from api.chat.chunks import DONE, Chunks, error_event
from api.chat.wording import Wording
from api.errors import ErrorAnswer
from bridge.chat.choices import Answered
from bridge.chat.tools.offer import ToolCall
from core.settings import ServerSettings


class StreamedAnswer(StreamedTalk):
    """Chunks. It ends with a finish reason for each choice and `[DONE]`, or with an error object."""

    def __init__(self, wording: Wording, naming: Naming, chunks: Chunks, settings: ServerSettings, send: Send) -> None:
        super().__init__(naming, settings, send)
        self._wording = wording
        self._chunks = chunks
        self._calls = [0] * wording.choices

    def conversation(self, conversation_id: str) -> None:
        """Name it in the chunks that follow."""
        self._chunks.conversation(conversation_id)

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """Send a piece of the thinking, where the client asked for it."""
        if self._wording.thoughts:
            await self.tell(self._chunks.thought(piece, choice))

    async def text(self, piece: str, choice: int = 0) -> None:
        """Send a piece."""
        await self.tell(self._chunks.text(piece, choice))

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """Send a call."""
        await self.tell(self._chunks.call(call, self._calls[choice], choice))
        self._calls[choice] += 1

    def first(self) -> bytes:
        """Who speaks."""
        return b"".join(self._chunks.role(choice) for choice in range(self._wording.choices))

    def last(self, answered: Answered) -> bytes:
        """The finish reasons, and the usage if it was asked for."""
        last = b"".join(self._chunks.finish(answer, choice) for choice, answer in enumerate(answered.answers))
        return last + (self._chunks.usage(answered.usage) if self._wording.usage else b"") + DONE

    def error(self, answer: ErrorAnswer) -> bytes:
        """An error object."""
        return error_event(answer.in_stream)
