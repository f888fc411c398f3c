"""A file on its way out: a piece at a time, as fast as the client reads."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import BinaryIO

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.middleware.head import WAS_HEAD

_PIECE_BYTES = 256 * 1024


class FileAnswer(Response):
    """Some bytes of a file.

    Args:
        first, end: the first byte, and the one behind the last.
    """

    def __init__(self, path: Path, *, first: int, end: int, status: int, headers: dict[str, str]) -> None:
        super().__init__(status_code=status, headers=headers)
        self._path = path
        self._first = first
        self._end = end
        self.headers["content-length"] = str(end - first)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if scope.get(WAS_HEAD):
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        file = await asyncio.to_thread(self._opened)
        try:
            await send(start)
            await self._send_pieces(file, send)
        finally:
            file.close()

    async def _send_pieces(self, file: BinaryIO, send: Send) -> None:
        left = self._end - self._first
        while left > 0:
            piece = await asyncio.to_thread(file.read, min(left, _PIECE_BYTES))
            if not piece:
                # The file became shorter meanwhile: an answer without its end is not taken for a whole one.
                return
            left -= len(piece)
            await send({"type": "http.response.body", "body": piece, "more_body": left > 0})

    def _opened(self) -> BinaryIO:
        file = self._path.open("rb")
        file.seek(self._first)
        return file
