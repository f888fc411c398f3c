"""The WebSocket: topics with offsets and catch-ups, and updates of conversations (docs/protocol.md section 4)."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from aiohttp import WSMsgType, web

from provider.simulator import wire
from provider.simulator.accounts import Account
from provider.simulator.door import Visit
from provider.simulator.refusals import RefusedError, detail
from provider.simulator.running import Turn
from provider.simulator.topics import Log
from provider.simulator.world import World

_URL_SECONDS = 60.0
_UPDATES = "conversations"
FindLog = Callable[[str], "Log | None"]


class Sockets:
    """Hands out WebSocket addresses and serves what they lead to."""

    def __init__(self, world: World, find_log: FindLog) -> None:
        self._world = world
        self._find_log = find_log
        self._tickets: dict[str, tuple[Account, float]] = {}
        self._open: dict[str, set[_Connection]] = {}

    async def address(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """`GET /backend-api/celsius/ws/user`: an address that is good for one connection."""
        await request.read()
        now = time.monotonic()
        self._tickets = {name: known for name, known in self._tickets.items() if known[1] > now}
        ticket = f"{int(time.time())}-{secrets.token_urlsafe(12)}"
        self._tickets[ticket] = (visit.account, now + _URL_SECONDS)
        parts = urlsplit(self._world.base_url)
        scheme = "wss" if parts.scheme == "https" else "ws"
        url = f"{scheme}://{parts.netloc}/p0/ws/user/{visit.account.user_id}?verify={ticket}"
        return web.json_response({"websocket_url": url})

    async def connect(self, request: web.Request, visit: Visit) -> web.StreamResponse:
        """The upgrade and the connection's whole life."""
        account, ends_at = self._tickets.pop(request.query.get("verify", ""), (None, 0.0))
        if account is None or ends_at < time.monotonic() or request.match_info["user"] != account.user_id:
            raise RefusedError(detail(403, "The address has expired."))
        visit.call.account = account.alias
        if "authorization" in request.headers or "cookie" in request.headers:
            self._world.ledger.leak(f"WebSocket {request.path}: credentials")
            raise RefusedError(detail(400, "The upgrade takes no credentials."))
        socket = web.WebSocketResponse(heartbeat=None)
        await self._world.half_trip()
        await socket.prepare(request)
        connection = _Connection(self._world, socket, self._find_log, account)
        listening = self._open.setdefault(account.alias, set())
        listening.add(connection)
        try:
            await connection.serve()
        finally:
            listening.discard(connection)
            await connection.end()
        return socket

    def announce(self, account: Account, conversation_id: str, kind: str, content: dict[str, Any]) -> None:
        """Tell the account's connections that a conversation changed."""
        update = {"conversation_id": conversation_id, "update_type": kind, "update_content": content}
        for connection in self._open.get(account.alias, ()):
            connection.tell({"type": "conversation-update", "payload": update})

    def completed(self, turn: Turn) -> None:
        """Tell those who follow the conversations that a turn is complete."""
        payload = {"type": "conversation-turn-complete", "conversation_id": turn.conversation.id, "turn_id": turn.id}
        for connection in self._open.get(turn.account.alias, ()):
            if _UPDATES in connection.subscribed:
                connection.tell([{"type": "message", "topic_id": _UPDATES, "payload": payload}])

    async def aclose(self) -> None:
        """Close every connection."""
        for connections in list(self._open.values()):
            for connection in list(connections):
                await connection.close()


class _Connection:
    """One WebSocket."""

    def __init__(self, world: World, socket: web.WebSocketResponse, find_log: FindLog, account: Account) -> None:
        self._world = world
        self._socket = socket
        self._find_log = find_log
        self._account = account
        self.subscribed: dict[str, asyncio.Task[None] | None] = {}
        self._side_work: set[asyncio.Task[None]] = set()
        self._breaking: asyncio.Task[None] | None = None

    async def serve(self) -> None:
        """Answer commands until the client leaves."""
        idle = asyncio.create_task(self._keep_alive())
        self._side_work.add(idle)
        async for message in self._socket:
            if message.type is not WSMsgType.TEXT:
                break
            await self._commands(message.data)

    async def end(self) -> None:
        """Stop what runs for this connection; a close that is under way ends first."""
        if self._breaking is not None:
            await asyncio.gather(self._breaking, return_exceptions=True)
        tasks = [*self._side_work, *(task for task in self.subscribed.values() if task is not None)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self, *, code: int = 1001) -> None:
        """Close it from this side."""
        await self._socket.close(code=code)

    def tell(self, item: Any) -> None:
        """Send something unasked."""
        task = asyncio.create_task(self._send(item))
        self._side_work.add(task)
        task.add_done_callback(self._side_work.discard)

    async def _send(self, item: Any) -> None:
        if not self._socket.closed:
            await self._socket.send_str(wire.dumps(item))

    async def _keep_alive(self) -> None:
        while True:
            await asyncio.sleep(self._world.dials.ws_comment_seconds)
            await self._send([])

    async def _commands(self, text: str) -> None:
        try:
            commands = json.loads(text)
        except ValueError:
            commands = None
        if not isinstance(commands, list):
            await self._send([{"type": "error", "message": "A frame is a JSON array of commands"}])
            return
        for entry in commands:
            command = entry.get("command") if isinstance(entry, dict) else None
            if isinstance(command, dict):
                await self._command(entry.get("id"), command)

    async def _command(self, number: Any, command: dict[str, Any]) -> None:
        kind, topic = command.get("type"), str(command.get("topic_id"))
        if kind == "subscribe":
            await self._subscribe(number, topic, str(command.get("offset", "0")))
        elif kind == "unsubscribe":
            task = self.subscribed.pop(topic, None)
            if task is not None:
                task.cancel()
            await self._reply(number, {"type": "unsubscribe", "topic_id": topic})
        else:
            await self._reply(number, {"type": kind, "subscriptions": {}})

    async def _reply(self, number: Any, reply: dict[str, Any]) -> None:
        await self._send([{"id": number, "type": "reply", "reply": reply}])

    async def _subscribe(self, number: Any, topic: str, offset: str) -> None:
        log = self._find_log(topic)
        if log is None or log.source.account is not self._account:
            self.subscribed.setdefault(topic, None)
            await self._reply(number, _subscription(topic, "0", [], recovered=False))
            return
        scenario = log.source.scenario
        start = log.after(offset)
        lost = scenario.lose_offset and offset != "0"
        left = None if log.source.socket_dropped else scenario.ws_drop
        known = log.length if left is None else min(log.length, start + left)
        caught_up = [] if lost else [item for at in range(start, known) for item in log.items(at)]
        previous = self.subscribed.pop(topic, None)
        if previous is not None:
            previous.cancel()
        await self._reply(
            number, _subscription(topic, log.offset(known - 1), caught_up, recovered=not lost and known > 0)
        )
        self.subscribed[topic] = asyncio.create_task(
            self._live(log, known, None if left is None else left - (known - start))
        )

    async def _live(self, log: Log, start: int, left: int | None) -> None:
        """Send items as they come, at most `left` before the connection breaks.

        An overlap of one item with the catch-ups is usual upstream, so it is here.
        """
        if start > 0:
            await self._send(log.items(start - 1))
        async for at, _ in log.follow(start):
            if left == 0:
                log.source.socket_dropped = True
                self._breaking = asyncio.create_task(self.close(code=1011))
                return
            left = None if left is None else left - 1
            await self._send(log.items(at))
        end = log.end()
        if end is not None:
            await self._send([end])


def _subscription(topic: str, last_offset: str, catchups: list[dict[str, Any]], *, recovered: bool) -> dict[str, Any]:
    return {
        "type": "subscribe",
        "topic_id": topic,
        "last_offset": last_offset,
        "recovered": recovered,
        "catchups": catchups,
    }
