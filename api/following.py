"""An operation on its client's connection, told as a stream of server-sent events while it goes on."""

from __future__ import annotations

import asyncio

from starlette.types import Receive, Scope, Send

from api.connection import ClientLeft
from api.errors import ErrorAnswer, answer_to
from api.images.serving import names, reason, told
from api.launch import wait
from api.services import Services
from api.sse import EventStream
from core.contracts.operations import OperationRecord, OperationState
from core.errors import BridgeError, InternalError, ShuttingDownError
from core.logging import get_logger
from core.settings import ServerSettings

_log = get_logger(__name__)


class LateStream:
    """One streamed answer. It begins with the first thing to tell, or some seconds after the request; an error before
    that is an ordinary answer with its status. A kind of answer says what it tells."""

    def __init__(self, record: OperationRecord, settings: ServerSettings, send: Send) -> None:
        self.record = record
        self.events = EventStream(send, ping_seconds=settings.ping_seconds)
        self._send = send
        self._opening = asyncio.Lock()
        self._begins = asyncio.get_running_loop().time() + settings.first_event_seconds

    async def follow(self, services: Services) -> None:
        """Tell what the operation's log tells, until it has ended."""
        raise NotImplementedError

    async def finish(self, record: OperationRecord) -> None:
        """Tell the result of a completed operation, and end the stream."""
        raise NotImplementedError

    def first(self) -> bytes:
        """What the stream begins with."""
        return b""

    def error(self, answer: ErrorAnswer) -> bytes:
        """An error as the stream's last event."""
        raise NotImplementedError

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send an error: as an answer of its own while nothing was sent, else as the stream's last event."""
        if self.events.ended:
            return
        if self.events.opened or self._opening.locked():
            await self.events.end(self.error(answer))
        else:
            await answer.response()(scope, receive, self._send)

    def due(self) -> float:
        """When the stream is to begin at the latest, and a ping is wanted after that."""
        return self.events.due() if self.events.opened else self._begins

    async def beat(self) -> None:
        """Begin, or ping."""
        if self.events.opened:
            await self.events.beat()
        else:
            await self.begin()

    async def begin(self) -> None:
        """Send the headers and what comes first, once."""
        async with self._opening:
            if not self.events.opened:
                await self.events.open(names(self.record))
                if first := self.first():
                    await self.events.write(first)


async def followed(
    services: Services, record: OperationRecord, stream: LateStream, scope: Scope, receive: Receive
) -> None:
    """Follow an operation to its end on a stream: its result, or the error that it ended in."""
    following = asyncio.create_task(stream.follow(services), name="operation-follow")
    try:
        record = await wait(services, record, receive=receive, voice=stream)
        await following
        if record.state is OperationState.COMPLETED:
            await stream.finish(record)
        else:
            await stream.fail(told(answer_to(reason(record), account=record.account), record), scope, receive)
    except ClientLeft:
        return
    except BridgeError as error:
        await stream.fail(told(answer_to(error), record), scope, receive)
    except asyncio.CancelledError:
        # The server's patience with open connections is over.
        await stream.fail(told(answer_to(ShuttingDownError("The server is stopping.")), record), scope, receive)
        raise
    except Exception:
        _log.exception("operation_stream_failed", operation_id=record.id)
        failure = answer_to(InternalError("The bridge failed on this request."))
        await stream.fail(told(failure, record), scope, receive)
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
