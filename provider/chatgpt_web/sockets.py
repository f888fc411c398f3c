"""A turn that goes on at a WebSocket topic (docs/protocol.md section 4)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from core.errors import StreamInterruptedError, UpstreamUnavailableError
from provider.chatgpt_web import errors
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.frames import StreamItem, Subscribed, SubscribeRefused, TopicDone, TopicFailed, TopicFrames
from provider.chatgpt_web.stream.reader import TurnReader
from provider.interface.turns import TurnEvent

MOST_FAILURES = 5
_PING_SECONDS = 25.0
_LONGEST_PAUSE_SECONDS = 32.0
_MOST_FRAME_BYTES = 16 * 1024 * 1024


class Topic:
    """Follows one turn's topic over any number of connections, with one decoder and one offset.

    Ends when the reader is finished or has failed. `lost` is set when the topic cannot tell how the turn went on: the
    history is gone, or it could not be reached five times in a row.
    """

    def __init__(
        self,
        connection: Connection,
        topic_id: str,
        reader: TurnReader,
        *,
        remaining: Callable[[], float],
        touch: Callable[[], None],
        backoff_scale: float,
    ) -> None:
        self._connection = connection
        self._frames = TopicFrames(topic_id)
        self._reader = reader
        self._remaining = remaining
        self._touch = touch
        self._scale = backoff_scale
        self._failures = 0
        self.lost = False

    async def events(self) -> AsyncIterator[TurnEvent]:
        """The turn's events as they come.

        Raises:
            BridgeError: upstream refuses the account, or the turn's clock has expired.
        """
        while not self._over and not self.lost:
            try:
                async for event in self._connected():
                    yield event
            except (WebSocketException, OSError, StreamInterruptedError, UpstreamUnavailableError):
                self._failures += 1
            if self._over or self.lost:
                return
            if self._failures >= MOST_FAILURES:
                self.lost = True
                return
            await asyncio.sleep(min(2.0 ** max(0, self._failures - 1), _LONGEST_PAUSE_SECONDS) * self._scale)

    @property
    def _over(self) -> bool:
        return self._reader.finished or self._reader.failure is not None

    async def _connected(self) -> AsyncIterator[TurnEvent]:
        url = await self._connection.socket_url()
        agent = self._connection.captured.get("user-agent")
        origin = self._connection.captured.get("origin", self._connection.origin)
        async with connect(
            url,
            additional_headers={"Origin": origin},
            user_agent_header=agent,
            open_timeout=min(30.0, self._remaining() + 0.1),
            ping_interval=_PING_SECONDS,
            ping_timeout=_PING_SECONDS * 2,
            max_size=_MOST_FRAME_BYTES,
            max_queue=16,
            compression=None,
            proxy=None,
            close_timeout=1,
        ) as socket:
            await socket.send(self._frames.open())
            while not self._over and not self.lost:
                for event in self._taken(await self._received(socket)):
                    yield event
            with suppress(ConnectionClosed):
                await socket.send(self._frames.unsubscribe())

    async def _received(self, socket: ClientConnection) -> str | bytes:
        try:
            async with asyncio.timeout(self._remaining()):
                return await socket.recv()
        except TimeoutError:
            raise errors.from_transport("idle", context="conversation") from None

    def _taken(self, frame: str | bytes) -> list[TurnEvent]:
        """What one frame adds."""
        found: list[TurnEvent] = []
        for item in self._frames.read(frame):
            if isinstance(item, StreamItem):
                self._touch()
                self._failures = 0
                found += self._reader.feed_item(item.text)
            elif isinstance(item, TopicDone):
                found += self._reader.end_topic()
            elif isinstance(item, TopicFailed):
                found += self._reader.fail(item.error)
            elif isinstance(item, SubscribeRefused):
                raise StreamInterruptedError("Upstream refused the topic.", spent=True)
            elif isinstance(item, Subscribed) and item.history_lost:
                self.lost = True
        return found
