"""An upstream that researches by script: what its socket pushes and its connector says, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

from provider.chatgpt_web.capture.model import Capture
from provider.chatgpt_web.connection import Connection
from provider.interface.research import ResearchHandle

HANDLE = ResearchHandle("conversation-1", "tool-1", "widget-1", "session-1")
TOPIC = "api-tool:widget-1"

Said = dict[str, Any]


def state(status: str, **more: Any) -> Said:
    """A widget state."""
    return {"status": status, **more}


def reported(text: str, **facts: Any) -> Said:
    """A completed widget state."""
    return state("completed", report_message={"content": {"parts": [text]}, "metadata": facts})


def pushed(widget_state: Said, *, offset: str | None = None, widget: str = "widget-1") -> Said:
    """A state as it is pushed: wrapped as a message of the topic where it has an offset, else bare."""
    content = {"widget_session_id": widget, "updates": [{"message_id": "tool-1", "widget_state": widget_state}]}
    update = {"conversation_id": "conversation-1", "update_type": "update-widget-state", "update_content": content}
    if offset is None:
        return {"type": "conversation-update", "payload": update}
    payload = {"type": "conversation-update", "payload": update}
    return {"type": "message", "topic_id": TOPIC, "offset": offset, "payload": payload}


def result(widget_state: Said | None = None, *, text: str = "") -> Said:
    """What the connector says when it obeys."""
    content = [{"type": "text", "text": text}] if text else []
    return {"content": content, "isError": False, "_meta": {"widget_state": widget_state} if widget_state else {}}


REFUSED: Said = {"content": [{"type": "text", "text": "unknown session"}], "isError": True}


@dataclass
class Connector:
    """Answers with what the test puts in.

    Attributes:
        sockets: for each connection in turn, what it sends behind the reply to the subscription; after the last item
            it is closed, except for the last connection, which stays silent.
        catchups: what the replies bring, connection by connection.
        recovered: what the replies say of the history, connection by connection.
        answers: what the connector says; a status where it is an int.
        document: the stored conversation.
        status: what `stream_status` says; it fails where there is none.
        stream: what a turn is answered with.
    """

    sockets: list[list[Any]] = field(default_factory=list)
    catchups: list[list[Any]] = field(default_factory=list)
    recovered: list[bool] = field(default_factory=list)
    answers: Callable[[Said], Said | int] = lambda call: result()
    document: Said | None = None
    status: str | None = None
    stream: bytes = b""
    refuses_sockets: bool = False
    calls: list[Said] = field(default_factory=list)
    subscriptions: list[Said] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)
    url: str = ""

    def connection(self) -> Connection:
        """An account's connections to it."""
        headers = {"authorization": "Bearer a.b.c", "user-agent": "test"}
        return Connection(Capture("har", self.url, "POST", 200, headers, {"a": "b"}, None), self.url, connect_seconds=5)

    def app(self) -> web.Application:
        """Its routes."""
        app = web.Application()
        app.router.add_get("/backend-api/celsius/ws/user", self._address)
        app.router.add_get("/ws", self._socket)
        app.router.add_post("/backend-api/ecosystem/call_mcp", self._call)
        app.router.add_post("/backend-api/files", self._slot)
        app.router.add_post("/backend-api/sentinel/chat-requirements", self._requirements)
        app.router.add_post("/backend-api/f/conversation/prepare", self._requirements)
        app.router.add_post("/backend-api/f/conversation", self._turn)
        app.router.add_get("/backend-api/conversation/{id}", self._document)
        app.router.add_get("/backend-api/conversation/{id}/stream_status", self._status)
        return app

    async def _address(self, request: web.Request) -> web.StreamResponse:
        if self.refuses_sockets:
            return web.json_response({"detail": "broken"}, status=500)
        self.tickets.append(str(len(self.tickets)))
        return web.json_response({"websocket_url": f"{self.url.replace('http', 'ws')}/ws?verify={self.tickets[-1]}"})

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        self.used.append(request.query["verify"])
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        frame = await socket.receive()
        _, subscription = json.loads(frame.data)
        self.subscriptions.append(subscription["command"])
        self.subscribed.set()
        place = len(self.subscriptions) - 1
        catchups = self.catchups[place] if place < len(self.catchups) else []
        recovered = self.recovered[place] if place < len(self.recovered) else True
        reply = {"type": "subscribe", "topic_id": TOPIC, "recovered": recovered, "catchups": catchups}
        reply["last_offset"] = catchups[-1]["offset"] if catchups else "0" if recovered else "99-0"
        await socket.send_json([{"id": subscription["id"], "type": "reply", "reply": reply}])
        for item in self.sockets[place] if place < len(self.sockets) else []:
            await socket.send_json(item if isinstance(item, list) else [item])
        if place + 1 >= len(self.sockets):
            while (await socket.receive()).type is WSMsgType.TEXT:
                pass
        await socket.close()
        return socket

    async def _call(self, request: web.Request) -> web.StreamResponse:
        call = await request.json()
        self.calls.append(call)
        answer = self.answers(call)
        if isinstance(answer, int):
            return web.json_response({"detail": "no"}, status=answer)
        return web.json_response(answer)

    async def _requirements(self, request: web.Request) -> web.StreamResponse:
        return web.json_response({"token": "gAAAAA-once", "expire_after": 540})

    async def _turn(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(await request.json())
        return web.Response(body=self.stream, content_type="text/event-stream")

    async def _slot(self, request: web.Request) -> web.StreamResponse:
        self.calls.append(await request.json())
        return web.json_response({"status": "success"})

    async def _document(self, request: web.Request) -> web.StreamResponse:
        if self.document is None:
            return web.json_response({"detail": {"code": "conversation_not_found"}}, status=404)
        return web.json_response(self.document)

    async def _status(self, request: web.Request) -> web.StreamResponse:
        self.calls.append({"tool_name": "stream_status"})
        if self.status is None:
            return web.json_response({"detail": "broken"}, status=500)
        return web.json_response({"status": self.status})
