"""What can be read of conversations (docs/protocol.md sections 2.9 and 2.10)."""

from __future__ import annotations

from aiohttp import web

from provider.simulator import wire
from provider.simulator.conversations import Conversation
from provider.simulator.door import Visit
from provider.simulator.refusals import CATALOGUE, RefusedError, invalid

_MOST_LISTED = 100


async def conversation(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`GET /backend-api/conversation/{id}`."""
    return web.json_response(_find(request, visit).document(), dumps=wire.dumps)


async def listing(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`GET /backend-api/conversations`: newest first."""
    offset, limit = _number(request, "offset", 0), min(_number(request, "limit", 28), _MOST_LISTED)
    found = visit.account.conversations.listed()
    items = [entry.item() for entry in found[offset : offset + limit]]
    return web.json_response({"items": items, "total": len(found), "limit": limit, "offset": offset}, dumps=wire.dumps)


async def stream_status(request: web.Request, visit: Visit) -> web.StreamResponse:
    """`GET /backend-api/conversation/{id}/stream_status`."""
    turn = _find(request, visit).turn
    working = turn is not None and (not turn.ended or (turn.work is not None and not turn.work.done()))
    return web.json_response({"status": "IS_STREAMING" if working else "COMPLETE"})


def _find(request: web.Request, visit: Visit) -> Conversation:
    found = visit.account.conversations.readable(request.match_info["id"])
    if found is None:
        raise RefusedError(CATALOGUE["conversation_not_found"])
    return found


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.query.get(name)
    if text is None:
        return default
    if not text.isdecimal():
        raise invalid("query", name, message="Input should be a number")
    return int(text)
