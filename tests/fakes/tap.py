"""A tap on the line between a client and the bridge: it passes every byte on as it is, and reads along. What the bridge
answers is held against the models of OpenAI's own client, whoever asked and in which language."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httptools
import httpx2

from tests.fakes.strict import hold


@dataclass
class Exchange:
    """One request and its answer.

    Attributes:
        status: `None` before the answer has begun.
        whole: the answer came to its end.
    """

    method: str = ""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    status: int | None = None
    answer_headers: list[tuple[str, str]] = field(default_factory=list)
    answer: bytes = b""
    whole: bool = False

    @property
    def path(self) -> str:
        """The path alone."""
        return urlsplit(self.url).path

    @property
    def said(self) -> Any:
        """The request's JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> Any:
        """The code of the error that was answered, wherever it stands in the answer; `None` without one."""
        if self.status is not None and self.status >= 400:
            return json.loads(self.answer)["error"]["code"]
        for line in self.answer.decode().splitlines():
            if line.startswith("data: {"):
                event = json.loads(line[6:])
                failed = event.get("error") or (event.get("response") or {}).get("error")
                if failed:
                    return failed["code"]
        return None

    def check(self) -> None:
        """Hold the answer against the models; one that its client did not hear to its end says nothing."""
        if self.whole and self.status is not None and self.path.startswith("/v1/"):
            hold(self.method, self.path, httpx2.Response(self.status, headers=self.answer_headers), self.answer)


class Tap:
    """Where clients connect to.

    Attributes:
        heard: every exchange since the last `forget`, in the order in which requests arrived.
    """

    def __init__(self, target: int) -> None:
        self._target = target
        self._serving: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        self.port = 0
        self.heard: list[Exchange] = []

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The address that a client is given."""
        return f"{self.address}/v1"

    def forget(self) -> None:
        """Nothing was heard."""
        self.heard.clear()

    def asked(self, method: str, path: str) -> list[Exchange]:
        """The exchanges of one route."""
        return [exchange for exchange in self.heard if (exchange.method, exchange.path) == (method, path)]

    def check(self) -> None:
        """Hold everything that was answered against the models."""
        for exchange in self.heard:
            try:
                exchange.check()
            except Exception as wrong:
                wrong.add_note(f"{exchange.method} {exchange.url} {exchange.status}: {exchange.answer[:4000]!r}")
                raise

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection; when either side ends it, so does the other."""
        task = asyncio.current_task()
        assert task is not None
        self._serving[task] = writer
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                line = _Line(self.heard)
                await _first_of(_pump(reader, far_writer, line.asked), _pump(far_reader, writer, line.answered))
            finally:
                far_writer.close()
        except OSError:
            pass
        finally:
            del self._serving[task]
            writer.close()

    async def aclose(self) -> None:
        """End every connection."""
        for writer in self._serving.values():
            writer.close()
        if self._serving:
            await asyncio.wait(list(self._serving))


@asynccontextmanager
async def tapped(target: int) -> AsyncIterator[Tap]:
    """A tap before the port `target`."""
    tap = Tap(target)
    server = await asyncio.start_server(tap.serve, "127.0.0.1", 0)
    tap.port = int(server.sockets[0].getsockname()[1])
    try:
        yield tap
    finally:
        server.close()
        await tap.aclose()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, read: Callable[[bytes], None]) -> None:
    with suppress(OSError):
        while data := await reader.read(2**16):
            read(data)
            writer.write(data)
            await writer.drain()


async def _first_of(*works: Coroutine[Any, Any, None]) -> None:
    """Until one of them ends; the others are cancelled."""
    tasks = [asyncio.create_task(work) for work in works]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


class _Line:
    """Both directions of one connection, read; answers come in the order of their requests."""

    def __init__(self, heard: list[Exchange]) -> None:
        waiting: deque[Exchange] = deque()
        self.requests = _Requests(heard, waiting)
        self.answers = _Answers(waiting)

    def asked(self, data: bytes) -> None:
        # Behind a request for an upgrade there is nothing of HTTP any more.
        with suppress(httptools.HttpParserUpgrade):
            self.requests.parser.feed_data(data)

    def answered(self, data: bytes) -> None:
        self.answers.parser.feed_data(data)


class _Requests:
    """What the parser calls while it reads requests."""

    def __init__(self, heard: list[Exchange], waiting: deque[Exchange]) -> None:
        self.parser = httptools.HttpRequestParser(self)
        self._heard, self._waiting = heard, waiting
        self._now = Exchange()

    def on_message_begin(self) -> None:
        self._now = Exchange()

    def on_url(self, url: bytes) -> None:
        self._now.url += url.decode()

    def on_header(self, name: bytes, value: bytes) -> None:
        self._now.headers[name.decode().lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self._now.method = self.parser.get_method().decode()
        self._heard.append(self._now)
        self._waiting.append(self._now)

    def on_body(self, body: bytes) -> None:
        self._now.body += body


class _Answers:
    """What the parser calls while it reads answers."""

    def __init__(self, waiting: deque[Exchange]) -> None:
        self.parser = httptools.HttpResponseParser(self)
        self._waiting = waiting

    def on_header(self, name: bytes, value: bytes) -> None:
        self._waiting[0].answer_headers.append((name.decode().lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        self._waiting[0].status = self.parser.get_status_code()

    def on_body(self, body: bytes) -> None:
        self._waiting[0].answer += body

    def on_message_complete(self) -> None:
        self._waiting.popleft().whole = True
