"""Answers that may take longer than a proxy waits: early headers, then white space that JSON allows."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.types import Send

from api.errors import ErrorAnswer

encoded = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class LateJson:
    """One JSON answer. Until its patience is over it is an ordinary one, with a status of its own.

    Attributes:
        opened: the headers have gone early.
        ended: the answer has gone, or is about to.

    Args:
        patience_seconds: after this long the headers are sent, with status 200.
        every_seconds: pause between two pieces of white space after that.
    """

    def __init__(self, send: Send, *, patience_seconds: float, every_seconds: float) -> None:
        self._send = send
        self._every = every_seconds
        self._clock = asyncio.get_running_loop().time
        self._due = self._clock() + patience_seconds
        self.ended = False
        self.opened = False

    def due(self) -> float:
        """When white space is wanted."""
        return self._due

    async def beat(self) -> None:
        """Send white space, and the headers before the first."""
        if self.ended:
            return
        if not self.opened:
            self.opened = True
            await self._start(200, {})
        self._due = self._clock() + self._every
        await self._send({"type": "http.response.body", "body": b" ", "more_body": True})

    async def finish(self, body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str]) -> None:
        """Send the answer; its status and headers are lost when the headers have gone already."""
        self.ended = True
        content = json_bytes(body)
        if not self.opened:
            await self._start(status, {**headers, "content-length": str(len(content))})
        await self._send({"type": "http.response.body", "body": content, "more_body": False})

    async def fail(self, answer: ErrorAnswer) -> None:
        """Send an error. After early headers the body is left without its end, so that no client takes it for success:
        the caller has to return without sending more, and the server closes the connection."""
        if not self.opened:
            await self.finish(answer.body, status=answer.status, headers=answer.headers)
            return
        self.ended = True
        await self._send({"type": "http.response.body", "body": json_bytes(answer.body), "more_body": True})

    async def _start(self, status: int, headers: Mapping[str, str]) -> None:
        lines = [(b"content-type", b"application/json")]
        lines += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
        await self._send({"type": "http.response.start", "status": status, "headers": lines})


def json_bytes(body: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8; half a character, which only JSON's own escapes can hold, is escaped."""
    try:
        return encoded(body).encode()
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode()
