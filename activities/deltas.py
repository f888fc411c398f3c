"""Answers in words, written down as they come."""

from __future__ import annotations

import asyncio
from types import TracebackType

from temporalio import activity

from bridge.operations.results import Results
from core.errors import BridgeError, EmptyResponseError, UpstreamError


class Deltas:
    """Writes an answer down while it comes, every quarter of a second or every 2 KB; entered for a stream's life.

    What has not been written when it is left is written then. A write that fails is made up for by the next one: each
    brings everything that is not kept yet.
    """

    EVERY_SECONDS = 0.25
    BYTES = 2048

    def __init__(self, results: Results, operation_id: str, fence: int) -> None:
        self._results = results
        self._operation_id = operation_id
        self._fence = fence
        self._text = ""
        self._written = 0
        self._news = asyncio.Event()
        self._full = asyncio.Event()
        self._writer: asyncio.Task[None] | None = None

    def add(self, piece: str) -> None:
        """A piece of the visible answer."""
        self._text += piece
        self._news.set()
        if len(self._text) - self._written >= self.BYTES:
            self._full.set()

    async def __aenter__(self) -> Deltas:
        self._writer = asyncio.create_task(self._write_forever(), name="deltas")
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _traceback: TracebackType | None
    ) -> None:
        assert self._writer is not None
        self._writer.cancel()
        await asyncio.gather(self._writer, return_exceptions=True)
        await self._write()

    async def _write_forever(self) -> None:
        while True:
            await self._news.wait()
            try:
                await asyncio.wait_for(self._full.wait(), self.EVERY_SECONDS)
            except TimeoutError:
                pass
            self._news.clear()
            self._full.clear()
            await self._write()

    async def _write(self) -> None:
        text = self._text
        if len(text) == self._written:
            return
        try:
            await self._results.extend(self._operation_id, self._fence, text)
        except BridgeError as error:
            activity.logger.warning("deltas not written: %s", error.code)
            return
        self._written = len(text)


def broken_off(text: str) -> BridgeError:
    """The error of an answer that upstream ended without a word, or in the middle."""
    if not text.strip():
        return EmptyResponseError("Upstream completed the turn without any text.", spent=True)
    return UpstreamError("Upstream broke off its answer.", spent=True)
