"""Following a research: pushed on its WebSocket topic, asked for where the push is silent or away.

docs/protocol.md sections 4 and 6.4.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import WebSocketException

from core.errors import AccountError, BridgeError, UpstreamUnavailableError
from provider.chatgpt_web.connection import Connection
from provider.chatgpt_web.frames import (
    ConversationUpdate,
    FrameEvent,
    Subscribed,
    SubscribeRefused,
    TopicFailed,
    TopicFrames,
    TopicMessage,
)
from provider.chatgpt_web.research import Research
from provider.chatgpt_web.sockets import MOST_FAILURES, backoff_seconds, dialled
from provider.chatgpt_web.states import read_state
from provider.chatgpt_web.stream.visible import as_object
from provider.chatgpt_web.widgets import last_state
from provider.interface.research import ResearchHandle, ResearchState, ResearchUpdate


class Following:
    """Follows one research over any number of connections, with one offset. Ends only by being closed or by an error.

    Each connection takes a fresh address, since an address is a credential that expires. A state that is older than
    one already told is not told: catch-ups repeat what has been.
    """

    def __init__(
        self,
        connection: Connection,
        research: Research,
        handle: ResearchHandle,
        *,
        offset: str,
        poll_seconds: float,
        backoff_scale: float,
    ) -> None:
        self._connection = connection
        self._research = research
        self._handle = handle
        self._poll_seconds = poll_seconds
        self._scale = backoff_scale
        self._topic = f"api-tool:{handle.widget_session_id}" if handle.widget_session_id else None
        self._frames = TopicFrames(self._topic or "", offset)
        self._clock = asyncio.get_running_loop().time
        self._ask_at = self._clock()
        self._failures = 0
        self._unanswered: BridgeError | None = None
        self._last: ResearchState | None = None
        self._socket: ClientConnection | None = None

    def abort(self) -> None:
        """The session is closed: end, also in the middle of waiting for the push."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def updates(self) -> AsyncGenerator[ResearchUpdate, None]:
        """The research's states as they come.

        Raises:
            BridgeError: upstream asks for a person, or can be followed in neither way.
        """
        while not self._connection.closed:
            if self._topic is not None:
                try:
                    async with aclosing(self._connected()) as updates:
                        async for update in updates:
                            yield update
                except AccountError:
                    raise
                except (WebSocketException, OSError, BridgeError, _RefusedError):
                    self._failures += 1
            async with aclosing(self._apart()) as updates:
                async for update in updates:
                    yield update
        raise UpstreamUnavailableError("The account's session is closed; the research is followed no more.")

    async def _apart(self) -> AsyncGenerator[ResearchUpdate, None]:
        """The pause before the next connection; asks while it lasts, and for good where there is no topic."""
        pause = backoff_seconds(self._failures) * self._scale if self._topic is not None else float("inf")
        until = self._clock() + pause
        while (now := self._clock()) < until and not self._connection.closed:
            if now >= self._ask_at:
                for update in await self._asked():
                    yield update
                if self._unanswered is not None and self._failures >= MOST_FAILURES:
                    raise self._unanswered
            else:
                await asyncio.sleep(min(until, self._ask_at) - now)

    async def _connected(self) -> AsyncGenerator[ResearchUpdate, None]:
        async with dialled(self._connection, await self._connection.socket_url()) as socket:
            self._socket = socket
            try:
                await socket.send(self._frames.open())
                while True:
                    try:
                        async with asyncio.timeout_at(self._ask_at):
                            frame = await socket.recv()
                    except TimeoutError:
                        updates = await self._asked()
                    else:
                        updates = await self._taken(self._frames.read(frame))
                    for update in updates:
                        yield update
            finally:
                self._socket = None

    async def _asked(self) -> list[ResearchUpdate]:
        """What upstream says when it is asked. It may fail for a while, and longer while the push works."""
        self._ask_at = self._clock() + self._poll_seconds
        try:
            state = await self._research.state(self._handle)
        except AccountError:
            raise
        except BridgeError as error:
            self._unanswered = error
            self._failures += self._topic is None
            self._ask_at += error.retry_after_seconds or 0.0
            return []
        self._unanswered = None
        if self._topic is None:
            self._failures = 0
        # A research that has only just begun has no state anywhere yet, and none is no news.
        return self._news(state) if state.status else []

    async def _taken(self, events: list[FrameEvent]) -> list[ResearchUpdate]:
        """What one frame adds. Of several states only the last is news: the others have been."""
        newest: ResearchState | None = None
        for event in events:
            if isinstance(event, (SubscribeRefused, TopicFailed)):
                raise _RefusedError
            if isinstance(event, Subscribed) and event.history_lost:
                self._ask_at = self._clock()
            newest = self._pushed(event) or newest
        if newest is None:
            return []
        self._failures = 0
        if newest.phase == "completed" and not newest.report:
            return await self._asked()
        self._ask_at = self._clock() + self._poll_seconds
        return self._news(newest)

    def _pushed(self, event: FrameEvent) -> ResearchState | None:
        found = None
        if isinstance(event, TopicMessage):
            found = last_state(event.payload)
        elif isinstance(event, ConversationUpdate) and self._is_ours(event):
            found = last_state(event.content)
        return None if found is None else read_state(found)

    def _is_ours(self, update: ConversationUpdate) -> bool:
        """The account's other researches are told of on the same connection."""
        named = as_object(update.content).get("widget_session_id")
        if isinstance(named, str):
            return named == self._handle.widget_session_id
        return update.conversation_id == self._handle.conversation_id

    def _news(self, state: ResearchState) -> list[ResearchUpdate]:
        """An update with the offset behind everything that was read so far, unless it says nothing new."""
        last = self._last
        if last is not None and (state == last or _is_older(state, last)):
            return []
        self._last = state
        return [ResearchUpdate(state, self._frames.offset)]


def _is_older(state: ResearchState, last: ResearchState) -> bool:
    """Whether `state` was before `last`: by its date, else because the plan it waits for has been accepted."""
    if state.updated_at is not None and last.updated_at is not None:
        return state.updated_at < last.updated_at
    return state.phase == "waiting_plan" and last.phase != "waiting_plan" and _version(state) <= _version(last)


def _version(state: ResearchState) -> int:
    return (state.plan.version if state.plan else None) or 0


class _RefusedError(Exception):
    """Upstream refused the subscription; another connection may be luckier."""
