"""Reading one accepted turn to its end: the HTTP stream, the topic it may go on at, and what is stored of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

from core.errors import BridgeError, BrowserCheckRequiredError, StreamInterruptedError
from provider.chatgpt_web import errors
from provider.chatgpt_web.clock import TurnClock
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.conversation import Conversation
from provider.chatgpt_web.errors import Symptom
from provider.chatgpt_web.sockets import Topic
from provider.chatgpt_web.stream.reader import TurnReader
from provider.chatgpt_web.turn_stream import TurnStream
from provider.chatgpt_web.widgets import last_research
from provider.interface.turns import TurnEvent, TurnRequest

TRAILING_SECONDS = 1.0
"""How long a completed turn is read on: for its end marker, and so that its connection can be used again."""
_RECOVERY_LOOKS = 3
_RECOVERY_PAUSE_SECONDS = 2.0


class Reading:
    """Reads upstream as fast as its events are taken.

    Attributes:
        challenged: upstream has asked for a person, so that nothing more may be asked of it for this turn.
    """

    def __init__(
        self,
        stream: TurnStream,
        reader: TurnReader,
        request: TurnRequest,
        *,
        connection: Connection,
        stored: Callable[[str], Awaitable[Conversation]],
        idle_seconds: float,
        wall_seconds: float,
        backoff_scale: float,
    ) -> None:
        self._stream = stream
        self._reader = reader
        self._request = request
        self._connection = connection
        self._stored = stored
        self._scale = backoff_scale
        self._clock = TurnClock(idle_seconds=idle_seconds, wall_seconds=wall_seconds, expire=self._expire)
        self._expired: Symptom | None = None
        self._topic: Topic | None = None
        self.challenged = False

    def stop_clock(self) -> None:
        """The turn is read no more."""
        self._clock.stop()

    async def events(self) -> AsyncGenerator[TurnEvent, None]:
        """The turn's events, `TurnFinished` last.

        Raises:
            BridgeError: the turn did not end as it should; an iteration never ends in silence.
        """
        reader, lost = self._reader, False
        async with aclosing(self._http()) as events:
            async for event in events:
                yield event
        if reader.handoff is not None and not self._over:
            self._clock.relent()
            topic = self._follow(reader.handoff.topic_id)
            async with aclosing(self._of_topic(topic)) as events:
                async for event in events:
                    yield event
            lost = topic.lost
        self._clock.stop()
        if self._expired is None and (lost or isinstance(reader.failure, StreamInterruptedError)):
            for event in await self._recover():
                yield event
        if not reader.finished:
            raise self._failure()

    @property
    def _over(self) -> bool:
        return self._reader.finished or self._reader.failure is not None or self._expired is not None

    def _failure(self) -> BridgeError:
        if self._expired is not None:
            return errors.from_transport(self._expired, context="conversation")
        return self._reader.failure or errors.from_transport("stream_cut", context="conversation")

    async def _http(self) -> AsyncGenerator[TurnEvent, None]:
        reader, clock, seen = self._reader, self._clock, self._reader.events_seen
        while chunk := await self._stream.read():
            events = reader.feed(chunk)
            if reader.events_seen != seen:
                seen = reader.events_seen
                clock.touch()
            if events:
                clock.hold()
                for event in events:
                    yield event
                clock.release()
            if self._http_ends():
                break
        if not reader.finished and self._expired is None:
            for event in reader.end():
                yield event

    def _http_ends(self) -> bool:
        """Whether the HTTP stream has nothing more to say; one that says it is complete has a second left."""
        reader = self._reader
        if self._over:
            return True
        if reader.handoff is not None:
            return reader.done or reader.complete
        if reader.complete:
            self._clock.hasten(TRAILING_SECONDS)
        return False

    def _follow(self, topic_id: str) -> Topic:
        self._topic = Topic(
            self._connection, topic_id, self._reader, touch=self._clock.touch, backoff_scale=self._scale
        )
        return self._topic

    async def _of_topic(self, topic: Topic) -> AsyncGenerator[TurnEvent, None]:
        try:
            async with aclosing(topic.events()) as events:
                async for event in events:
                    self._clock.hold()
                    yield event
                    self._clock.release()
        except BrowserCheckRequiredError:
            self.challenged = True
            raise

    async def _recover(self) -> list[TurnEvent]:
        """Read-only: the stored conversation may hold the finished answer. A temporary chat is stored nowhere."""
        stored = await self._stored_answer()
        if stored is None:
            return []
        self._reader.resume()
        messages = stored.turn(self._request.message_id)
        events = [event for message in messages for event in self._reader.feed_message(message)]
        return [*events, *self._reader.conclude()]

    async def _stored_answer(self) -> Conversation | None:
        """The conversation once it holds the finished answer; looked for a few times, since it lags behind."""
        conversation_id = self._reader.conversation_id
        if conversation_id is None or (self._request.temporary and self._request.kind == "chat"):
            return None
        for look in range(_RECOVERY_LOOKS):
            if self._connection.closed:
                return None
            await asyncio.sleep(look * _RECOVERY_PAUSE_SECONDS * self._scale)
            try:
                stored = await self._stored(conversation_id)
            except BrowserCheckRequiredError:
                self.challenged = True
                return None
            except BridgeError:
                # A new conversation may be missing for a moment; whatever else it is, the turn's own error says more.
                continue
            if stored.answer(self._request.message_id).finished or self._has_research(stored, conversation_id):
                return stored
        return None

    def _has_research(self, stored: Conversation, conversation_id: str) -> bool:
        """Research works elsewhere: with its ids, the turn that started it has done all it can."""
        if self._request.kind != "research":
            return False
        return last_research(stored.turn(self._request.message_id), conversation_id) is not None

    def _expire(self, symptom: Symptom) -> None:
        if not self._reader.complete:
            self._expired = symptom
        if self._topic is not None:
            self._topic.abort()
        else:
            self._stream.close()
