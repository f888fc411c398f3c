"""An operation whose result is text, as a stream of chat chunks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from starlette.types import Receive, Scope, Send

from api.chat.chunks import DONE, Chunks, error_event
from api.connection import ClientLeft
from api.errors import ErrorAnswer, answer_to
from api.images.serving import names, reason, told
from api.launch import wait
from api.services import Services
from api.sse import EventStream
from api.vision.service import completion_id, created
from bridge.chat.answer import Answer
from bridge.chat.tokens import Usage
from bridge.usage import tokens
from core.contracts.operations import OperationRecord, OperationState
from core.errors import BridgeError, InternalError, ShuttingDownError
from core.logging import get_logger
from core.settings import ServerSettings

_log = get_logger(__name__)

Counted: TypeAlias = Callable[[OperationRecord], Usage]


async def stream(
    services: Services,
    record: OperationRecord,
    scope: Scope,
    receive: Receive,
    send: Send,
    *,
    usage: Counted | None,
    ending: Callable[[OperationRecord], OperationRecord] = lambda record: record,
) -> None:
    """Follow an operation and send its text as it comes; the end is a finish reason, or an error object.

    Args:
        usage: counts what the operation used, for those who asked for it.
        ending: the finished operation as the stream tells it.
    """
    told_so_far = TextStream(record, services.settings.server, send, usage=usage)
    following = asyncio.create_task(told_so_far.follow(services), name="vision-follow")
    try:
        record = await wait(services, record, receive=receive, voice=told_so_far)
        await following
        if record.state is OperationState.COMPLETED:
            await told_so_far.finish(ending(record))
        else:
            await told_so_far.fail(told(answer_to(reason(record), account=record.account), record), scope, receive)
    except ClientLeft:
        return
    except BridgeError as error:
        await told_so_far.fail(told(answer_to(error), record), scope, receive)
    except asyncio.CancelledError:
        # The server's patience with open connections is over.
        await told_so_far.fail(told(answer_to(ShuttingDownError("The server is stopping.")), record), scope, receive)
        raise
    except Exception:
        _log.exception("vision_stream_failed", operation_id=record.id)
        failure = answer_to(InternalError("The bridge failed on this request."))
        await told_so_far.fail(told(failure, record), scope, receive)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)


class TextStream:
    """One streamed answer. It begins with the first text, or some seconds after the request; an error before that is an
    ordinary answer with its status."""

    def __init__(self, record: OperationRecord, settings: ServerSettings, send: Send, *, usage: Counted | None) -> None:
        self._record = record
        self._send = send
        self._usage = usage
        self._events = EventStream(send, ping_seconds=settings.ping_seconds)
        self._chunks = Chunks(
            completion_id=completion_id(record),
            created=created(record),
            model=record.model,
            operation_id=record.id,
        )
        self._opening = asyncio.Lock()
        self._begins = asyncio.get_running_loop().time() + settings.first_event_seconds
        self._sent = ""

    async def follow(self, services: Services) -> None:
        """Send the operation's text piece by piece until it has ended."""
        async for event in services.bridge.feed.follow(self._record.id):
            if event.type == "delta":
                await self._extend(int(event.data["offset"]), str(event.data["text"]))
            elif event.type == "replaced":
                await self._extend(0, str(event.data["text"]))

    async def finish(self, record: OperationRecord) -> None:
        """Send what is left of the text, the finish reason, the usage if it was asked for, and the end."""
        await self._extend(0, record.text or "")
        await self._begin()
        await tokens.ready()
        if record.conversation_id is not None:
            self._chunks.conversation(record.conversation_id)
        answer = Answer(record.text or "", "stop", record.account or "", record.conversation_id, record.model)
        last = self._chunks.finish(answer)
        if self._usage is not None:
            last += self._chunks.usage(self._usage(record))
        await self._events.end(last + DONE)

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send an error: as an answer of its own while nothing was sent, else as the stream's last event."""
        if self._events.ended:
            return
        if self._events.opened or self._opening.locked():
            await self._events.end(error_event(answer.in_stream))
        else:
            await answer.response()(scope, receive, self._send)

    def due(self) -> float:
        """When the stream is to begin at the latest, and a ping is wanted after that."""
        return self._events.due() if self._events.opened else self._begins

    async def beat(self) -> None:
        """Begin, or ping."""
        if self._events.opened:
            await self._events.beat()
        else:
            await self._begin()

    async def _extend(self, offset: int, text: str) -> None:
        """Send what of `text`, which stands at `offset`, was not sent yet. Nothing follows where upstream rewrote what
        was sent, because that cannot be unsaid; the operation has the true text."""
        whole = self._sent[:offset] + text
        new = whole[len(self._sent) :] if whole.startswith(self._sent) else ""
        if new:
            await self._begin()
            self._sent += new
            await self._events.write(self._chunks.text(new))

    async def _begin(self) -> None:
        async with self._opening:
            if not self._events.opened:
                await self._events.open(names(self._record))
                await self._events.write(self._chunks.role())
