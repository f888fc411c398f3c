"""A door before the bridge that writes down what clients ask and what they are told, and changes nothing of it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

_OF_THE_CONNECTION = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding", "upgrade"})


@dataclass(slots=True)
class Asked:
    """One request. `status` is `None` until the bridge has answered, `whole` is false until it has said everything."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    status: int | None = None
    said: bytes = b""
    whole: bool = False

    @property
    def error(self) -> Any:
        """The code of the error that the bridge answered with, wherever it stands in the answer; `None` without one."""
        if self.status is not None and self.status >= 400:
            return json.loads(self.said)["error"]["code"]
        for line in self.said.decode().splitlines():
            if line.startswith("data: {"):
                event = json.loads(line[6:])
                failed = event.get("error") or (event.get("response") or {}).get("error")
                if failed:
                    return failed["code"]
        return None


@dataclass(slots=True)
class Door:
    """Listens on loopback; `asked` is in order of arrival."""

    behind: str
    session: aiohttp.ClientSession
    base_url: str = ""
    asked: list[Asked] = field(default_factory=list)

    async def pass_on(self, request: web.Request) -> web.StreamResponse:
        """Hand a request on and its answer back, piece by piece; who leaves, leaves the bridge too."""
        content = await request.read()
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OF_THE_CONNECTION}
        asked = Asked(request.method, request.path, {n.lower(): v for n, v in headers.items()}, _read(content))
        self.asked.append(asked)
        url = f"{self.behind}{request.path_qs}"
        async with self.session.request(request.method, url, headers=headers, data=content) as answer:
            asked.status = answer.status
            back = {name: value for name, value in answer.headers.items() if name.lower() not in _OF_THE_CONNECTION}
            response = web.StreamResponse(status=answer.status, headers=back)
            await response.prepare(request)
            try:
                async for piece in answer.content.iter_any():
                    asked.said += piece
                    await response.write(piece)
            except aiohttp.ClientError:
                # What breaks off behind the door breaks off before it.
                assert request.transport is not None
                request.transport.abort()
                return response
            asked.whole = True
            await response.write_eof()
            return response


@asynccontextmanager
async def open_door(behind: str) -> AsyncIterator[Door]:
    """A door before the server at that address."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as session:
        door = Door(behind, session)
        app = web.Application(client_max_size=1 << 27)
        app.router.add_route("*", "/{path:.*}", door.pass_on)
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0]
            door.base_url = f"http://{host}:{port}"
            yield door
        finally:
            await runner.cleanup()


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return None
