"""A response as a stream."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.types import Receive, Scope, Send

from api.answers.naming import Naming
from api.errors import ErrorAnswer
from api.opening import Opening
from api.responses.events import Event, ResponseEvents
from api.responses.failing import failure_code
from api.responses.wording import Wording
from api.sse import EventStream, event_json
from bridge.chat.choices import Answered
from bridge.chat.tools.offer import ToolCall
from core.settings import ServerSettings


class StreamedResponse:
    """Begins with the first visible text, or some seconds after upstream accepted the turn; until then an error is an
    ordinary answer with its status, after that it is `response.failed`. It ends with one of the closing events,
    always."""

    def __init__(self, wording: Wording, naming: Naming, settings: ServerSettings, send: Send) -> None:
        self._events = ResponseEvents(
            wording.told, wording.offer, thoughts=wording.thoughts, compacted=wording.compacted
        )
        # What comes first is numbered first, whenever it is sent.
        self._begin = encoded(self._events.begin())
        self._send = send
        self._stream = EventStream(send, ping_seconds=settings.ping_seconds)
        self._opening = Opening(self._stream, self._first, naming, patience_seconds=settings.first_event_seconds)

    @property
    def begun(self) -> bool:
        """The client has the headers, or is about to."""
        return self._opening.begun

    async def accepted(self, account: str) -> None:
        """Begin soon, whether there is text by then or not."""
        self._opening.soon()

    def conversation(self, conversation_id: str) -> None:
        """It is told at the end."""

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """Send a piece of the thinking, where the client asked for it."""
        await self._tell(self._events.thought(piece, part))

    async def text(self, piece: str, choice: int = 0) -> None:
        """Send a piece."""
        await self._tell(self._events.text(piece))

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """Send a call."""
        await self._tell(self._events.call(call))

    async def finish(self, answered: Answered) -> None:
        """Send the end."""
        await self._opening.now()
        await self._stream.end(encoded(self._events.finish(answered.answers[0], answered.usage)))

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send the error: as an answer of its own while nothing was sent, else as the stream's last event."""
        if self._stream.ended:
            return
        if self.begun:
            code, message = failure_code(answer)
            await self._stream.end(encoded(self._events.fail(code, message)))
        else:
            await answer.response()(scope, receive, self._send)

    def due(self) -> float:
        """When a ping is wanted."""
        return self._stream.due()

    async def beat(self) -> None:
        """Ping."""
        await self._stream.beat()

    def close(self) -> None:
        """Nothing begins by itself any more."""
        self._opening.close()

    async def _tell(self, events: list[Event]) -> None:
        if events:
            if not self._stream.opened or self._opening.under_way:
                await self._opening.now()
            await self._stream.write(encoded(events))

    def _first(self) -> bytes:
        return self._begin


def encoded(events: Iterable[Event]) -> bytes:
    """Events as they go over the wire."""
    return b"".join(b"event: " + event["type"].encode() + b"\ndata: " + event_json(event) + b"\n\n" for event in events)
