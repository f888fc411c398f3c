"""One turn: posted once, read as fast as its reader takes it, stopped or left when it is abandoned."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine
from typing import Any, Protocol

from core.errors import (
    AccountError,
    BridgeError,
    BrowserCheckRequiredError,
    ForbiddenError,
    RateLimitedError,
    StreamInterruptedError,
    UpstreamUnavailableError,
)
from provider.chatgpt_web import errors
from provider.chatgpt_web.capture.template import conversation_body, prepare_body
from provider.chatgpt_web.connection import SEND_SECONDS, Connection
from provider.chatgpt_web.conversation import Conversation
from provider.chatgpt_web.errors import Symptom
from provider.chatgpt_web.quota import SessionQuota
from provider.chatgpt_web.reading import TRAILING_SECONDS, Reading
from provider.chatgpt_web.requirements import Ready, Requirements
from provider.chatgpt_web.sending import Sending, encode
from provider.chatgpt_web.stream.reader import TurnReader
from provider.chatgpt_web.turn_stream import TurnStream
from provider.interface.turns import BeforeSend, OnClose, TurnEvent, TurnRequest

STOP_SECONDS = 2.0
_LEARN_SECONDS = 30.0
"""How long an abandoned turn is read on for the conversation's id, without which it cannot be stopped."""


class Host(Protocol):
    """What a turn needs of its session."""

    connection: Connection
    requirements: Requirements
    captured_body: dict[str, Any] | None
    idle_seconds: float
    wall_seconds: float
    waits_for_prepare: bool
    backoff_scale: float
    quota: SessionQuota

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
            on_limits=host.quota.told,
        )
        self._stream: TurnStream | None = None
        self._reading: Reading | None = None
        self._events: AsyncGenerator[TurnEvent, None] | None = None

    @property
    def conversation_id(self) -> str | None:
        """The upstream conversation, once known."""
        return self._reader.conversation_id

    def __aiter__(self) -> AsyncIterator[TurnEvent]:
        if self._events is None:
            assert self._reading is not None
            self._events = self._reading.events()
        return self._events

    async def open(self, before_send: BeforeSend | None) -> None:
        """Post the turn; returns when upstream has accepted it.

        A turn refused because of a token from the stash is posted once more with a fresh one: a refusal by status is a
        proof that nothing was accepted.
        """
        requirements = self._host.requirements
        try:
            ready = await requirements.take()
            try:
                await self._post(ready, before_send)
            except (ForbiddenError, BrowserCheckRequiredError) as error:
                if not (ready.stashed and _blames_the_token(error)):
                    raise
                await self._post(await requirements.take(fresh=True), before_send)
        except BridgeError as error:
            if isinstance(error, (AccountError, RateLimitedError)):
                requirements.pause()
            self._host.quota.turn_refused(self._request, error)
            raise
        requirements.accepted()
        self._host.quota.turn_accepted(self._request)

    async def close(self) -> None:
        """Do what `on_close` says with a turn that is not finished."""
        if self._reader.failure is not None:
            self._host.quota.turn_refused(self._request, self._reader.failure)
        stopping = self._let_go()
        if self._events is not None:
            await self._events.aclose()
        if stopping is not None:
            await asyncio.wait({stopping}, timeout=STOP_SECONDS)

    def _let_go(self) -> asyncio.Task[None] | None:
        """Settle what becomes of the stream; the stop that is under way, if there is one."""
        stream, reading = self._stream, self._reading
        self._stream = None
        if stream is None or reading is None:
            return None
        reading.stop_clock()
        if self._reader.finished:
            if not stream.ended:
                self._host.spawn(stream.drain(TRAILING_SECONDS))
        elif self._on_close == "leave" or reading.challenged or self._is_refused:
            stream.close()
        else:
            return self._host.spawn(self._stop(stream))
        return None

    @property
    def _is_refused(self) -> bool:
        """Whether upstream itself has ended the turn; one that was merely lost sight of goes on there."""
        failure = self._reader.failure
        return failure is not None and not isinstance(failure, StreamInterruptedError)

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
        stream = await self._posted(content, headers, sending, body)
        if not stream.accepted:
            raise await host.connection.refusal(stream, proof_answered=ready.proven)
        self._stream = stream
        self._reading = Reading(
            stream,
            self._reader,
            self._request,
            connection=host.connection,
            stored=host.conversation,
            idle_seconds=host.idle_seconds,
            wall_seconds=host.wall_seconds,
            backoff_scale=host.backoff_scale,
        )

    async def _posted(
        self, content: bytes, headers: dict[str, str], sending: Sending, body: dict[str, Any]
    ) -> TurnStream:
        """The answer's headers. Cancelled after something left, a turn that is to be stopped is seen through first."""
        host = self._host
        posting = asyncio.get_running_loop().create_task(
            host.connection.post_turn(content, headers, sending), name="turn-post"
        )
        # Begun second, so that it is not prepare that gets the open connection.
        beside = None if host.waits_for_prepare else host.spawn(self._prepare_beside(body))
        try:
            done, _ = await asyncio.wait({posting}, timeout=min(SEND_SECONDS, host.idle_seconds))
            if not done and sending.written:
                done, _ = await asyncio.wait({posting}, timeout=max(0.0, host.idle_seconds - SEND_SECONDS))
        except asyncio.CancelledError:
            if sending.left and self._on_close == "stop":
                host.spawn(self._see_through(posting))
            else:
                await _given_up(posting)
            raise
        if not done:
            await _given_up(posting)
            symptom: Symptom = "read_timeout_after_send" if sending.left else "connect_error"
            raise errors.from_transport(symptom, context="conversation")
        if beside is not None and (posting.exception() is not None or not posting.result().accepted):
            beside.cancel()
        return posting.result()

    async def _prepare(self, body: dict[str, Any]) -> str | None:
        document, received = await self._host.connection.call_with_headers(
            "POST",
            "/backend-api/f/conversation/prepare",
            context="prepare",
            body=prepare_body(body),
            headers={"x-conduit-token": "no-token"},
        )
        token = document.get("conduit_token") if isinstance(document, dict) else None
        return token if isinstance(token, str) and token else received.get("x-conduit-token")

    async def _prepare_beside(self, body: dict[str, Any]) -> None:
        try:
            await self._prepare(body)
        except BridgeError:
            # It only warms the turn up; whatever is wrong, the turn's own answer says it.
            return

    # --- Stopping

    async def _see_through(self, posting: asyncio.Task[TurnStream]) -> None:
        """The caller left while the POST was under way: wait for its answer, then stop the turn."""
        try:
            async with asyncio.timeout(_LEARN_SECONDS):
                stream = await posting
        except (BridgeError, TimeoutError):
            return
        if stream.accepted:
            await self._stop(stream)
        stream.close()

    async def _stop(self, stream: TurnStream) -> None:
        """Stop upstream; where the conversation is not known yet, read on until it is."""
        try:
            async with asyncio.timeout(_LEARN_SECONDS):
                while self._reader.conversation_id is None and (chunk := await stream.read()):
                    self._reader.feed(chunk)
        except TimeoutError:
            # Without the conversation there is nothing to stop.
            return
        finally:
            stream.close()
        if self._reader.conversation_id is not None and not self._reader.finished:
            await self._tell_to_stop(self._reader.conversation_id)

    async def _tell_to_stop(self, conversation_id: str) -> None:
        """Once more where it broke off, as on a connection that upstream has just closed; it may be repeated."""
        for _ in range(2):
            try:
                await self._host.stop(conversation_id)
            except UpstreamUnavailableError:
                continue
            except BridgeError:
                # There is nobody to tell; the turn runs out by itself.
                return
            return


def _blames_the_token(error: ForbiddenError | BrowserCheckRequiredError) -> bool:
    return not isinstance(error, BrowserCheckRequiredError) or error.reason == "proof_rejected"


async def _given_up(posting: asyncio.Task[TurnStream]) -> None:
    """End a POST; an answer that came in the same moment is read no further."""
    posting.cancel()
    await asyncio.wait({posting})
    if not posting.cancelled() and posting.exception() is None:
        posting.result().close()
