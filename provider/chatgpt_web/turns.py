"""One turn: posted once, read as fast as its reader takes it, stopped or left when it is abandoned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Protocol

import aiohttp

from core.errors import BridgeError, BrowserCheckRequiredError, ForbiddenError, StreamInterruptedError
from provider.chatgpt_web import errors
from provider.chatgpt_web.capture.template import conversation_body, prepare_body
from provider.chatgpt_web.clock import TurnClock
from provider.chatgpt_web.connection import SEND_SECONDS, Connection, Sending, encode
from provider.chatgpt_web.conversation import Conversation
from provider.chatgpt_web.errors import Symptom
from provider.chatgpt_web.requirements import Ready, Requirements
from provider.chatgpt_web.sockets import Topic
from provider.chatgpt_web.stream.reader import TurnReader
from provider.interface.turns import BeforeSend, OnClose, TurnEvent, TurnRequest

STOP_SECONDS = 2.0
_LEARN_SECONDS = 30.0
"""How long an abandoned turn is read on for the conversation's id, without which it cannot be stopped."""
_TRAILING_SECONDS = 1.0
_RECOVERY_LOOKS = 3
_RECOVERY_PAUSE_SECONDS = 2.0


class Host(Protocol):
    """What a turn needs of its session."""

    connection: Connection
    requirements: Requirements
    captured_body: dict[str, Any] | None
    idle_seconds: float
    wall_seconds: float
    waits_for_prepare: bool
    backoff_scale: float

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Do work that outlives the turn; closing the session waits for it."""

    async def stop(self, conversation_id: str) -> dict[str, Any]:
        """Tell upstream to stop."""

    async def conversation(self, conversation_id: str) -> Conversation:
        """Read a conversation."""


class WebTurn:
    """A turn of ChatGPT Web; `open` posts it, `close` ends it."""

    def __init__(self, host: Host, request: TurnRequest, on_close: OnClose) -> None:
        self._host = host
        self._request = request
        self._on_close = on_close
        self._reader = TurnReader(
            kind=request.kind,
            known_ids=(request.message_id,),
            sent_answers=[message.text for message in request.messages if message.role == "assistant"],
            uploaded=[file.file_id for message in request.messages for file in message.files],
        )
        self._response: aiohttp.ClientResponse | None = None
        self._clock: TurnClock | None = None
        self._expired: Symptom | None = None
        self._lost: StreamInterruptedError | None = None
        self._events: AsyncIterator[TurnEvent] | None = None

    @property
    def conversation_id(self) -> str | None:
        """The upstream conversation, once known."""
        return self._reader.conversation_id

    def __aiter__(self) -> AsyncIterator[TurnEvent]:
        if self._events is None:
            self._events = self._read()
        return self._events

    async def open(self, before_send: BeforeSend | None) -> None:
        """Post the turn; returns when upstream has accepted it.

        A turn refused because of a token from the stash is posted once more with a fresh one: a refusal by status is a
        proof that nothing was accepted.
        """
        ready = await self._host.requirements.take()
        try:
            await self._post(ready, before_send)
        except (ForbiddenError, BrowserCheckRequiredError) as error:
            if not (ready.stashed and _blames_the_token(error)):
                raise
            await self._post(await self._host.requirements.take(fresh=True), before_send)

    async def close(self) -> None:
        """Do what `on_close` says with a turn that is not finished."""
        if self._events is not None:
            await self._events.aclose()  # type: ignore[attr-defined]
        if self._clock is not None:
            self._clock.stop()
        response, self._response = self._response, None
        if response is None:
            return
        if self._on_close == "leave" or self._reader.finished or self._reader.failure is not None:
            response.close()
            return
        task = self._host.spawn(self._stop(response))
        await asyncio.wait({task}, timeout=STOP_SECONDS)

    # --- Sending

    async def _post(self, ready: Ready, before_send: BeforeSend | None) -> None:
        host = self._host
        prepared = "success" if host.waits_for_prepare else "sent"
        body = conversation_body(host.captured_body, self._request, now_seconds=time.time(), prepared=prepared)
        headers = dict(ready.headers)
        if host.waits_for_prepare:
            conduit = await self._prepare(body)
            if conduit is not None:
                headers["x-conduit-token"] = conduit
        content = encode(body)
        sending = Sending(asyncio.get_running_loop().time() + SEND_SECONDS)
        if before_send is not None:
            await before_send()
        if not host.waits_for_prepare:
            host.spawn(self._prepare_beside(body))
        response = await self._posted(content, headers, sending)
        if response.status != 200 or "text/event-stream" not in response.headers.get("content-type", ""):
            raise await self._refused(response, ready)
        self._response = response
        self._clock = TurnClock(idle_seconds=host.idle_seconds, wall_seconds=host.wall_seconds, expire=self._expire)

    async def _posted(self, content: bytes, headers: dict[str, str], sending: Sending) -> aiohttp.ClientResponse:
        """The answer's headers. Cancelled after something left, a turn that is to be stopped is seen through first."""
        host = self._host
        posting = asyncio.get_running_loop().create_task(
            host.connection.post_turn(content, headers, sending), name="turn-post"
        )
        try:
            done, _ = await asyncio.wait({posting}, timeout=host.idle_seconds)
        except asyncio.CancelledError:
            if sending.left and self._on_close == "stop":
                host.spawn(self._see_through(posting))
            else:
                await _cancelled(posting)
            raise
        if not done:
            await _cancelled(posting)
            symptom: Symptom = "read_timeout_after_send" if sending.left else "connect_error"
            raise errors.from_transport(symptom, context="conversation")
        return posting.result()

    async def _refused(self, response: aiohttp.ClientResponse, ready: Ready) -> Exception:
        if response.status == 200:
            content = await response.content.read(65_536)
            response.close()
            return errors.from_document(content)
        return await self._host.connection.refusal(response, "conversation", proof_answered=ready.proven)

    async def _prepare(self, body: dict[str, Any]) -> str | None:
        document = await self._host.connection.call(
            "POST",
            "/backend-api/f/conversation/prepare",
            context="prepare",
            body=prepare_body(body),
            headers={"x-conduit-token": "no-token"},
        )
        token = document.get("conduit_token") if isinstance(document, dict) else None
        return token if isinstance(token, str) and token else None

    async def _prepare_beside(self, body: dict[str, Any]) -> None:
        try:
            await self._prepare(body)
        except BridgeError:
            # It only warms the turn up; whatever is wrong, the turn's own answer says it.
            return

    # --- Reading

    async def _read(self) -> AsyncIterator[TurnEvent]:
        reader, response = self._reader, self._response
        assert response is not None
        async for event in self._read_http(response):
            yield event
        if reader.handoff is not None and reader.failure is None and not reader.finished:
            async for event in self._read_topic(reader.handoff.topic_id):
                yield event
        if (self._lost or isinstance(reader.failure, StreamInterruptedError)) and self._expired is None:
            for event in await self._recover():
                yield event
        if self._clock is not None:
            self._clock.stop()
        if self._expired is not None and not reader.finished:
            raise errors.from_transport(self._expired, context="conversation")
        if not reader.finished:
            raise reader.failure or self._lost or StreamInterruptedError("The turn ended in the middle.", spent=True)
        await self._read_trailing(response)

    async def _read_http(self, response: aiohttp.ClientResponse) -> AsyncIterator[TurnEvent]:
        reader = self._reader
        clock = self._clock
        assert clock is not None
        seen = reader.events_seen
        try:
            async for chunk in response.content.iter_any():
                events = reader.feed(chunk)
                if reader.events_seen != seen:
                    seen = reader.events_seen
                    clock.touch()
                for event in events:
                    yield event
                if reader.finished or reader.failure is not None:
                    return
        except (aiohttp.ClientError, OSError, _ExpiredError):
            if self._expired is not None:
                return
        for event in reader.end():
            yield event

    async def _read_topic(self, topic_id: str) -> AsyncIterator[TurnEvent]:
        clock = self._clock
        assert clock is not None
        topic = Topic(
            self._host.connection,
            topic_id,
            self._reader,
            remaining=lambda: clock.remaining,
            touch=clock.touch,
            backoff_scale=self._host.backoff_scale,
        )
        async for event in topic.events():
            yield event
        if topic.lost:
            self._lost = StreamInterruptedError("Upstream lost the turn's topic.", spent=True)

    async def _recover(self) -> list[TurnEvent]:
        """Read-only: the stored conversation may hold the finished answer. A temporary chat is stored nowhere."""
        message_id = self._request.message_id
        stored = await self._stored_answer()
        if stored is None:
            return []
        self._reader.resume()
        events = [event for message in stored.turn(message_id) for event in self._reader.feed_message(message)]
        return [*events, *self._reader.conclude()]

    async def _stored_answer(self) -> Conversation | None:
        """The conversation once it holds the finished answer; looked for a few times, since it lags behind."""
        conversation_id = self._reader.conversation_id
        if conversation_id is None or self._request.temporary:
            return None
        for look in range(_RECOVERY_LOOKS):
            await asyncio.sleep(look * _RECOVERY_PAUSE_SECONDS * self._host.backoff_scale)
            try:
                stored = await self._host.conversation(conversation_id)
                if stored.answer(self._request.message_id).finished:
                    return stored
            except BridgeError:
                return None
        return None

    async def _read_trailing(self, response: aiohttp.ClientResponse) -> None:
        """Read what is left after the end, so that the connection can be used again."""
        self._response = None
        try:
            async with asyncio.timeout(_TRAILING_SECONDS):
                while not response.content.at_eof():
                    await response.content.readany()
        except (aiohttp.ClientError, OSError, TimeoutError):
            response.close()
            return
        response.release()

    def _expire(self, symptom: Symptom) -> None:
        self._expired = symptom
        if self._response is not None:
            self._response.content.set_exception(_ExpiredError())

    # --- Stopping

    async def _see_through(self, posting: asyncio.Task[aiohttp.ClientResponse]) -> None:
        """The caller left while the POST was under way: wait for its answer, then stop the turn."""
        try:
            async with asyncio.timeout(_LEARN_SECONDS):
                response = await posting
        except (BridgeError, TimeoutError):
            return
        if response.status == 200:
            await self._stop(response)
        response.close()

    async def _stop(self, response: aiohttp.ClientResponse) -> None:
        """Stop upstream; where the conversation is not known yet, read on until it is."""
        try:
            async with asyncio.timeout(_LEARN_SECONDS):
                while self._reader.conversation_id is None:
                    chunk = await response.content.readany()
                    if not chunk:
                        break
                    self._reader.feed(chunk)
        except (aiohttp.ClientError, OSError, TimeoutError, _ExpiredError):
            pass
        finally:
            response.close()
        if self._reader.conversation_id is not None and not self._reader.finished:
            try:
                await self._host.stop(self._reader.conversation_id)
            except BridgeError:
                # There is nobody to tell; the turn runs out by itself.
                return


class _ExpiredError(Exception):
    """A clock of the turn has run out."""


def _blames_the_token(error: ForbiddenError | BrowserCheckRequiredError) -> bool:
    return not isinstance(error, BrowserCheckRequiredError) or error.reason == "proof_rejected"


async def _cancelled(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
