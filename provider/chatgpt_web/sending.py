"""What is sent upstream, and how far it has come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from pydantic_core import PydanticSerializationError, to_json

_PIECE_BYTES = 256 * 1024


@dataclass(slots=True)
class Sending:
    """One turn's POST on its way. `left`: some of it may have been written; `written`: all of it was."""

    deadline: float
    left: bool = False
    written: bool = False

    def begin(self) -> None:
        """The first bytes are about to be written.

        Raises:
            TimeoutError: it is too late, because connecting took long or the process was stopped.
        """
        if asyncio.get_running_loop().time() > self.deadline:
            raise TimeoutError
        self.left = True


def encode(body: Mapping[str, Any]) -> bytes:
    """Compact JSON in UTF-8, as a browser writes it."""
    try:
        return to_json(body)
    except PydanticSerializationError:
        # Half a character somewhere.
        return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


class Body(aiohttp.Payload):
    """Bytes, written as fast as the connection takes them, so that large ones do not hold up the loop.

    For a turn, `sending` decides whether it is still time to begin, and learns when all was taken. The head is written
    together with the first of them, so nothing at all has left before.
    """

    _autoclose = True

    def __init__(self, body: bytes, sending: Sending | None = None) -> None:
        super().__init__(body)
        self._size = len(body)
        self._sending = sending

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        return str(self._value, encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        sending = self._sending
        if sending is not None:
            sending.begin()
        for start in range(0, len(self._value), _PIECE_BYTES):
            await writer.write(self._value[start : start + _PIECE_BYTES])
        if sending is not None:
            sending.written = True
