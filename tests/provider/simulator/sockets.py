"""The WebSocket as a browser speaks it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


def command(number: int, kind: str, **fields: Any) -> dict[str, Any]:
    """One entry of a frame."""
    return {"id": number, "command": {"type": kind, **fields}}


@asynccontextmanager
async def open_socket(browser: Any) -> AsyncIterator[Any]:
    """A connection to the address that the browser is given."""
    url = (await browser.get("/backend-api/celsius/ws/user")).json["websocket_url"]
    async with browser.http.ws_connect(url, headers={"origin": "https://chatgpt.com"}) as socket:
        yield socket


async def subscribe(socket: Any, topic: str, offset: str = "0") -> Any:
    """Follow a topic; the answer with what came before."""
    presence = {"type": "presence", "state": "foreground"}
    commands = [command(1, "connect", presence=presence), command(2, "subscribe", topic_id=topic, offset=offset)]
    await socket.send_json(commands)
    while True:
        for item in json.loads((await asyncio.wait_for(socket.receive(), 5)).data):
            if item.get("type") == "reply" and item["reply"]["type"] == "subscribe":
                assert item["id"] == 2
                return item["reply"]
