"""An operation's event log as a stream of server-sent events."""

from __future__ import annotations

import json
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.operations.view import event_view
from api.services import Services
from api.sse import EventStream
from api.watching import watched
from core.contracts.operations import OperationEvent

_COME_BACK = b"retry: 1000\n\n"
"""How many milliseconds a browser waits before it asks again."""


class EventLog(Response):
    """The events behind a number, as they come. It ends after the last event there will be, or without that one where
    the server stops or cannot read on: whoever wants the rest asks again, behind the number seen last."""

    media_type = "text/event-stream"

    def __init__(self, services: Services, operation_id: str, after: int) -> None:
        super().__init__()
        self._services = services
        self._operation_id = operation_id
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await watched(self._services, self._operation_id, self._tell, receive, send, headers={})

    async def _tell(self, stream: EventStream) -> None:
        await stream.write(_COME_BACK)
        async with aclosing(self._services.bridge.feed.follow(self._operation_id, self._after)) as events:
            async for event in events:
                await stream.write(wire(event))


def wire(event: OperationEvent) -> bytes:
    """An event of the log as one of a stream."""
    # Escaped throughout: many clients take Unicode's ends of lines for the end of an event's line.
    told = json.dumps(event_view(event), separators=(",", ":"))
    return f"id: {event.number}\nevent: {event.type}\ndata: {told}\n\n".encode()
