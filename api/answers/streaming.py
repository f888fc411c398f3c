"""An answer that one connection hears while it comes; how it is worded is its API's own affair."""

from __future__ import annotations

from abc import abstractmethod

from starlette.types import Receive, Scope, Send

from api.answers.naming import Naming
from api.errors import ErrorAnswer
from api.opening import Opening
from api.sse import EventStream
from bridge.chat.choices import Answered
from bridge.chat.tools.offer import ToolCall
from core.settings import ServerSettings


class StreamedTalk:
    """Begins with the first thing to show, or some seconds after upstream accepted the turn; until then an error is an
    ordinary answer with its status. It ends with what its API ends with, or an error, always."""

    def __init__(self, naming: Naming, settings: ServerSettings, send: Send) -> None:
        self._send = send
        self.stream = EventStream(send, ping_seconds=settings.ping_seconds)
        self._opening = Opening(self.stream, self.first, naming, patience_seconds=settings.first_event_seconds)

    @property
    def begun(self) -> bool:
        """The client has the headers, or is about to."""
        return self._opening.begun

    async def accepted(self, account: str) -> None:
        """Begin soon, whether there is text by then or not."""
        self._opening.soon()

    def conversation(self, conversation_id: str) -> None:
        """Nothing to tell yet."""

    @abstractmethod
    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        """Send a piece of the thinking, where the client asked for it."""

    @abstractmethod
    async def text(self, piece: str, choice: int = 0) -> None:
        """Send a piece."""

    @abstractmethod
    async def call(self, call: ToolCall, choice: int = 0) -> None:
        """Send a call."""

    async def finish(self, answered: Answered) -> None:
        """Send the end."""
        await self._opening.now()
        await self.stream.end(self.last(answered))

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send the error: as an answer of its own while nothing was sent, else as the stream's last event."""
        if self.stream.ended:
            return
        if self.begun:
            await self.stream.end(self.error(answer))
        else:
            await answer.response()(scope, receive, self._send)

    def due(self) -> float:
        """When a ping is wanted."""
        return self.stream.due()

    async def beat(self) -> None:
        """Ping."""
        await self.stream.beat()

    def close(self) -> None:
        """Nothing begins by itself any more."""
        self._opening.close()

    @abstractmethod
    def first(self) -> bytes:
        """What the stream begins with."""

    @abstractmethod
    def last(self, answered: Answered) -> bytes:
        """What is left to tell, and the end."""

    @abstractmethod
    def error(self, answer: ErrorAnswer) -> bytes:
        """An error as the last event."""

    async def tell(self, events: bytes) -> None:
        """Send something, after what comes first."""
        if not self.stream.opened or self._opening.under_way:
            await self._opening.now()
        await self.stream.write(events)
