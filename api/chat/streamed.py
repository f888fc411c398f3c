"""A chat's answer as a stream."""

from __future__ import annotations

from starlette.types import Receive, Scope, Send

from api.answers.naming import Naming
from api.chat.chunks import DONE, Chunks, error_event
from api.chat.wording import Wording
from api.errors import ErrorAnswer
from api.opening import Opening
from api.sse import EventStream
from bridge.chat.choices import Answered
from bridge.chat.tools.offer import ToolCall
from core.settings import ServerSettings


class StreamedAnswer:
    """Begins with the first visible text, or some seconds after upstream accepted the turn; until then an error is an
    ordinary answer with its status. It ends with a finish reason, or an error object, always."""

    def __init__(self, wording: Wording, naming: Naming, chunks: Chunks, settings: ServerSettings, send: Send) -> None:
        self._wording = wording
        self._chunks = chunks
        self._send = send
        self._calls = [0] * wording.choices
        self._events = EventStream(send, ping_seconds=settings.ping_seconds)
        self._opening = Opening(self._events, self._first, naming, patience_seconds=settings.first_event_seconds)

    @property
    def begun(self) -> bool:
        """The client has the headers, or is about to."""
        return self._opening.begun

    async def accepted(self, account: str) -> None:
        """Begin soon, whether there is text by then or not."""
        self._opening.soon()

    def conversation(self, conversation_id: str) -> None:
        """Name it in the chunks that follow."""
        self._chunks.conversation(conversation_id)

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """Send a piece of the thinking, where the client asked for it."""
        if self._wording.thoughts:
            await self._write(self._chunks.thought(piece, choice))

    async def text(self, piece: str, choice: int = 0) -> None:
        """Send a piece."""
        if not self._events.opened or self._opening.under_way:
            await self._opening.now()
        await self._events.write(self._chunks.text(piece, choice))

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """Send a call."""
        await self._write(self._chunks.call(call, self._calls[choice], choice))
        self._calls[choice] += 1

    async def finish(self, answered: Answered) -> None:
        """Send the finish reasons, the usage if it was asked for, and the end."""
        await self._opening.now()
        last = b"".join(self._chunks.finish(answer, choice) for choice, answer in enumerate(answered.answers))
        if self._wording.usage:
            last += self._chunks.usage(answered.usage)
        await self._events.end(last + DONE)

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send the error: as an answer of its own while nothing was sent, else as the stream's last event."""
        if self._events.ended:
            return
        if self.begun:
            await self._events.end(error_event(answer.in_stream))
        else:
            await answer.response()(scope, receive, self._send)

    def due(self) -> float:
        """When a ping is wanted."""
        return self._events.due()

    async def beat(self) -> None:
        """Ping."""
        await self._events.beat()

    def close(self) -> None:
        """Nothing begins by itself any more."""
        self._opening.close()

    async def _write(self, event: bytes) -> None:
        await self._opening.now()
        await self._events.write(event)

    def _first(self) -> bytes:
        return b"".join(self._chunks.role(choice) for choice in range(self._wording.choices))
