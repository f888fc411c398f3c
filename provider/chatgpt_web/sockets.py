"""A turn that goes on at a WebSocket topic (docs/protocol.md section 4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from core.errors import BridgeError, BrowserCheckRequiredError, RateLimitedError, UpstreamBrokenError
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.frames import StreamItem, Subscribed, SubscribeRefused, TopicDone, TopicFailed, TopicFrames
from provider.chatgpt_web.stream.reader import TurnReader
from provider.interface.turns import TurnEvent

MOST_FAILURES = 5
_OPEN_SECONDS = 30.0
_PING_SECONDS = 25.0
_LONGEST_PAUSE_SECONDS = 32.0
_MOST_FRAME_BYTES = 16 * 1024 * 1024

_log = logging.getLogger(__name__)
_log.setLevel(logging.INFO)  # At debug level the library writes the address down, which is a credential.


class Topic:
    """Follows one turn's topic over any number of connections, with one decoder and one offset.

    Ends when the reader is finished or has failed, or after `abort`. `lost` is set when the topic cannot tell how the
    turn went on: its history is gone, upstream gives no way to it, or it could not be reached five times in a row.
    """

    def __init__(
        self,
        connection: Connection,
        topic_id: str,
        reader: TurnReader,
        *,
        touch: Callable[[], None],
        backoff_scale: float,
    ) -> None:
        self._connection = connection
        self._frames = TopicFrames(topic_id)
        self._reader = reader
        self._touch = touch
        self._scale = backoff_scale
        self._failures = 0
        self._socket: ClientConnection | None = None
        self._aborted = False
        self.lost = False

    def abort(self) -> None:
        """The turn's clock has run out: end, also in the middle of waiting."""
        self._aborted = True
        if self._socket is not None:
            self._socket.transport.abort()

    async def events(self) -> AsyncGenerator[TurnEvent, None]:
        """The turn's events as they come.

        Raises:
            BrowserCheckRequiredError: upstream asks for a person, so nothing more is asked of it.
        """
        while not self._over:
            try:
                async with aclosing(self._connected()) as events:
                    async for event in events:
                        yield event
            except BrowserCheckRequiredError as error:
                error.spent = True
                raise
            except (WebSocketException, OSError, _RefusedError, UpstreamBrokenError, RateLimitedError):
                self._failures += 1
            except BridgeError:
                self.lost = True
            if self._over:
                return
            if self._failures >= MOST_FAILURES:
                self.lost = True
                return
            await asyncio.sleep(backoff_seconds(self._failures) * self._scale)

    @property
    def _over(self) -> bool:
        return self._reader.finished or self._reader.failure is not None or self.lost or self._aborted

    async def _connected(self) -> AsyncGenerator[TurnEvent, None]:
        url = await self._connection.socket_url()
        async with dialled(self._connection, url) as socket:
            self._socket = socket
            try:
                await socket.send(self._frames.open())
                while not self._over:
                    for event in self._taken(await socket.recv()):
                        yield event
                with suppress(ConnectionClosed):
                    await socket.send(self._frames.unsubscribe())
            finally:
                self._socket = None

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
                raise _RefusedError
            elif isinstance(item, Subscribed) and item.history_lost:
                self.lost = True
        return found


def dialled(connection: Connection, url: str) -> connect:
    """A connection to a checked address, as the page makes it; enter it to open it."""
    return _Connect(
        url,
        additional_headers={"Origin": connection.captured.get("origin", connection.origin)},
        user_agent_header=connection.captured.get("user-agent"),
        open_timeout=_OPEN_SECONDS,
        ping_interval=_PING_SECONDS,
        ping_timeout=_PING_SECONDS * 2,
        max_size=_MOST_FRAME_BYTES,
        max_queue=16,
        compression=None,
        proxy=None,
        close_timeout=1,
        logger=_log,
    )


def backoff_seconds(failures: int) -> float:
    """The pause after so many failures in a row."""
    return float(min(2.0 ** max(0, failures - 1), _LONGEST_PAUSE_SECONDS))


class _Connect(connect):
    """Goes to the address that was checked, and nowhere else."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        return exc


class _RefusedError(Exception):
    """Upstream refused the subscription; another connection may be luckier."""
