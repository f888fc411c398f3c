"""A chat's answer as a stream."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from api.chat.chunks import DONE, Chunks, error_event
from api.chat.naming import Naming
from api.chat.service import Wish
from api.errors import ErrorAnswer
from api.sse import EventStream
from bridge.chat.answer import Answer
from bridge.chat.tokens import estimate
from core.settings import ServerSettings


class StreamedAnswer:
    """Begins with the first visible text, or some seconds after upstream accepted the turn; until then an error is an
    ordinary answer with its status. It ends with a finish reason or an error object, always."""

    def __init__(self, wish: Wish, naming: Naming, chunks: Chunks, settings: ServerSettings, send: Send) -> None:
        self._wish = wish
        self._naming = naming
        self._chunks = chunks
        self._patience = settings.first_event_seconds
        self._send = send
        self._events = EventStream(send, ping_seconds=settings.ping_seconds)
        self._opening = asyncio.Lock()
        self._timer: asyncio.TimerHandle | None = None
        self._late: asyncio.Task[None] | None = None

    @property
    def begun(self) -> bool:
        """The client has the headers, or is about to."""
        return self._events.opened or self._opening.locked()

    async def accepted(self, account: str) -> None:
        """Begin soon, whether there is text by then or not."""
        self._stop_timer()
        self._timer = asyncio.get_running_loop().call_later(self._patience, self._begin_late)

    def conversation(self, conversation_id: str) -> None:
        """Name it in the chunks that follow."""
        self._chunks.conversation(conversation_id)

    async def text(self, piece: str) -> None:
        """Send a piece."""
        if not self._events.opened or self._opening.locked():
            await self._begin()
        await self._events.write(self._chunks.text(piece))

    async def finish(self, answer: Answer) -> None:
        """Send the finish reason, the usage if it was asked for, and the end."""
        await self._begin()
        last = self._chunks.finish(answer)
        if self._wish.usage:
            last += self._chunks.usage(estimate(self._wish.order.transcript, answer.text))
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
        self._stop_timer()
        if self._late is not None:
            self._late.cancel()

    async def _begin(self) -> None:
        self._stop_timer()
        async with self._opening:
            if not self._events.opened:
                await self._events.open(self._naming())
                await self._events.write(self._chunks.role())

    def _begin_late(self) -> None:
        self._late = asyncio.create_task(self._begin(), name="stream-begin")

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
