"""What upstream answers a turn, as bytes."""

from __future__ import annotations

import asyncio

import aiohttp


class TurnStream:
    """Upstream's answer to a turn's POST, read as fast as its reader takes it."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    @property
    def accepted(self) -> bool:
        """Upstream streams the turn's events; anything else is a refusal, see `Connection.refusal`."""
        kind = self._response.headers.get("content-type", "")
        return self._response.status == 200 and "text/event-stream" in kind

    @property
    def ended(self) -> bool:
        """All of it has come, so that its connection is free again."""
        return self._response.content.is_eof()

    @property
    def closed(self) -> bool:
        """Nothing more is read of it."""
        return self._response.closed

    async def read(self) -> bytes:
        """What has come since the last time, waiting for something to come.

        Empty once nothing more will: it has ended, has broken off or was closed.
        """
        try:
            return await self._response.content.readany()
        except (aiohttp.ClientError, OSError):
            return b""

    def close(self) -> None:
        """Close the connection, unless all has come and it is free already; a read that is waiting ends."""
        self._response.close()

    async def drain(self, seconds: float) -> None:
        """Read what comes after the turn's end, so that the connection can be used again; after `seconds` close it."""
        try:
            async with asyncio.timeout(seconds):
                while await self.read():
                    pass
        except TimeoutError:
            self.close()
        if not self.ended:
            self.close()
