"""One connection: what does not even parse as HTTP, comes too slowly, or is too much, is answered like the rest."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.errors import ErrorAnswer, answer_to
from api.keepalive import json_bytes
from core import ids
from core.errors import InvalidRequestError, TooManyConnectionsError
from core.settings import ServerSettings

_MOST_HEAD_BYTES = 64 * 1024
_PAUSES = 10
"""A body that has taken as many of its longest pauses must have come at a modem's rate, or it never ends."""
_SLOWEST_BYTES_A_SECOND = 100
_AROUND_HEADER = len(": \r\n")


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol with our error body, and with limits of what one client can hold.

    Attributes:
        most_connections: so many are served at once; others hear that and are closed.
        request_seconds: how long a head may take in all, and how long a body may pause.
    """

    most_connections = 1000
    request_seconds = 30.0

    _deadline: asyncio.TimerHandle | None = None
    _in_head = False
    _in_body = False
    _head_bytes = 0
    _body_bytes = 0
    _body_began = 0.0

    @classmethod
    def limited(cls, settings: ServerSettings) -> type[HttpProtocol]:
        """The protocol with the limits that the settings name."""
        limits = {"most_connections": settings.max_connections, "request_seconds": settings.request_seconds}
        return type("LimitedHttpProtocol", (cls,), limits)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or one answer for it that says there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self.most_connections:
            self.app = _too_many
        self._await_more()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._no_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse what came; a request that is not whole yet has to go on coming."""
        in_head = self._in_head
        super().data_received(data)
        if not (self._in_head or self._in_body):
            self._no_deadline()
        elif not (in_head and self._in_head) or self._deadline is None:
            # A head's time is not begun anew by every drop of it.
            self._await_more()
            if self._in_body and self._crawls():
                self._too_slow()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_url(self, url: bytes) -> None:
        """A piece of the address."""
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        super().on_header(name, value)
        self._count(len(name) + len(value) + _AROUND_HEADER)

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._in_head = False
        self._body_bytes, self._body_began = 0, self.loop.time()
        super().on_headers_complete()
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self._body_bytes += len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._in_body = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Refuse the bytes and close the connection."""
        if self.transport.is_closing():
            return
        self._refuse(answer_to(InvalidRequestError(msg)))

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: uvicorn would have the operator install a library, and the answer is a 426 that says enough."""

    def _count(self, size: int) -> None:
        self._head_bytes += size
        if self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
            error = InvalidRequestError(f"The request's head is larger than {_MOST_HEAD_BYTES} bytes.")
            self._refuse(answer_to(error, status=HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE))

    @property
    def _silent(self) -> bool:
        """Nothing is being answered, or nothing of the answer to this very request has been said."""
        if self._in_body:
            return not (self.pipeline or self.cycle.response_started)
        return self.cycle is None or bool(self.cycle.response_complete)

    def _crawls(self) -> bool:
        lasted = self.loop.time() - self._body_began
        return lasted > _PAUSES * self.request_seconds and self._body_bytes < lasted * _SLOWEST_BYTES_A_SECOND

    def _refuse(self, answer: ErrorAnswer) -> None:
        if not self._silent:
            # Nothing can be said in the middle of another answer.
            self.transport.close()
            return
        content = json_bytes(answer.body)
        lines = {
            "content-type": "application/json",
            "content-length": str(len(content)),
            "connection": "close",
            "x-request-id": ids.request_id(),
            **answer.headers,
        }
        status = f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}\r\n"
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.transport.write(f"{status}{head}\r\n".encode("latin-1") + content)
        self.transport.close()

    def _await_more(self) -> None:
        self._no_deadline()
        self._deadline = self.loop.call_later(self.request_seconds, self._too_slow)

    def _no_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        if self.flow.read_paused or (self._in_head and not self._silent):
            # It is we who do not read on, or who have something to say before.
            self._await_more()
        elif self._in_head:
            error = InvalidRequestError(f"The request's head did not come within {self.request_seconds:g} s.")
            self._refuse(answer_to(error, status=HTTPStatus.REQUEST_TIMEOUT))
        elif self._in_body:
            error = InvalidRequestError(f"The request's body did not go on within {self.request_seconds:g} s.")
            self._refuse(answer_to(error, status=HTTPStatus.REQUEST_TIMEOUT))
        else:
            self.transport.close()


async def _too_many(scope: Scope, receive: Receive, send: Send) -> None:
    response = answer_to(TooManyConnectionsError("Too many connections are open.")).response()
    response.headers.update({"connection": "close", "x-request-id": ids.request_id()})
    await response(scope, receive, send)
