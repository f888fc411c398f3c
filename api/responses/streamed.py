"""A response as a stream."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Send

from api.answers.naming import Naming
from api.answers.streaming import StreamedTalk
from api.errors import ErrorAnswer
from api.responses.events import Event, ResponseEvents
from api.responses.failing import failure_code
from api.responses.wording import Wording
from api.sse import event_json
from bridge.chat.choices import Answered
from bridge.chat.tools.offer import ToolCall
from core.settings import ServerSettings


class StreamedResponse(StreamedTalk):
    """Events of OpenAI's specification. It ends with one of the closing ones, always."""

    def __init__(self, wording: Wording, naming: Naming, settings: ServerSettings, send: Send) -> None:
        super().__init__(naming, settings, send)
        self._events = ResponseEvents(
            wording.told, wording.offer, thoughts=wording.thoughts, compacted=wording.compacted
        )
        # What comes first is numbered first, whenever it is sent.
        self._begin = encoded(self._events.begin())

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """Send a piece of the thinking, where the client asked for it."""
        await self._send_events(self._events.thought(piece, part))

    async def text(self, piece: str, choice: int = 0) -> None:
        """Send a piece."""
        await self._send_events(self._events.text(piece))

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """Send a call."""
        await self._send_events(self._events.call(call))

    def first(self) -> bytes:
        """It exists, and is being answered."""
        return self._begin

    def last(self, answered: Answered) -> bytes:
        """What closes its items, and the response with its answer."""
        return encoded(self._events.finish(answered.answers[0], answered.usage))

    def error(self, answer: ErrorAnswer) -> bytes:
        """`response.failed`."""
        code, message = failure_code(answer)
        return encoded(self._events.fail(code, message))

    async def _send_events(self, events: list[Event]) -> None:
        if events:
            await self.tell(encoded(events))


def encoded(events: Iterable[Event]) -> bytes:
    """Events as they go over the wire."""
    return b"".join(b"event: " + event["type"].encode() + b"\ndata: " + event_json(event) + b"\n\n" for event in events)
