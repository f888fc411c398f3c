"""Streams that follow an operation: whoever leaves one changes nothing, and may come back behind what was seen last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.types import Receive, Send

from api.connection import ClientLeft, Leash, attended
from api.services import Services
from api.sse import EventStream
from core.errors import BridgeError, ShuttingDownError
from core.logging import get_logger

_log = get_logger(__name__)


async def watched(
    services: Services,
    operation_id: str,
    tell: Callable[[EventStream], Awaitable[None]],
    receive: Receive,
    send: Send,
    *,
    headers: Mapping[str, str],
    broken: bool = False,
) -> None:
    """Tell a stream to its end, or without its end where the server stops or cannot read on.

    Args:
        broken: without its end the connection is broken off, so that no client takes what came for all there is.

    Raises:
        ShuttingDownError: the server stops, and nothing was sent.
    """
    stream = EventStream(send, ping_seconds=services.settings.server.ping_seconds)
    leash = Leash()
    try:
        with services.leashes.holding(leash):
            await stream.open(headers)
            await attended(tell(stream), receive=receive, leash=leash, voice=stream)
    except ClientLeft:
        return
    except ShuttingDownError:
        if not stream.opened:
            raise
        await _leave(stream, broken=broken)
    except asyncio.CancelledError:
        # The server's patience with open connections is over.
        await _leave(stream, broken=broken)
        raise
    except BridgeError as error:
        _log.warning("event_stream_broke", operation_id=operation_id, code=error.code)
        await _leave(stream, broken=broken)
    else:
        await _leave(stream, broken=False)


async def _leave(stream: EventStream, *, broken: bool) -> None:
    """End a stream in order, or leave it without its last chunk: then the server closes the connection."""
    if stream.opened and not stream.ended:
        await (stream.flush() if broken else stream.end(b""))
