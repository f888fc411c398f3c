"""Browsers: pages of this machine may call the API, others only where the operator says so."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.middleware.origins import Origins

_METHODS = b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_REQUEST_HEADERS = b"Authorization, Content-Type, Idempotency-Key, Prefer, X-Request-Id"
_EXPOSED = (
    b"X-Request-Id, X-ChatGPT-Operation-Id, X-ChatGPT-Account, X-ChatGPT-Attempts, X-ChatGPT-Route, Location, "
    b"Preference-Applied, Retry-After, X-Should-Retry, ETag, Content-Range, Accept-Ranges"
)
_ORIGIN = b"access-control-allow-origin"


class Cors:
    """Answers every OPTIONS request, and says on other answers who may read them.

    Args:
        origins: allowed beside pages of this machine; `*` allows all.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str] = ()) -> None:
        self._app = app
        self._origins = Origins(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        lines = self._lines(headers)
        if scope["method"] == "OPTIONS":
            await _answer_options(send, [*lines, (b"allow", _METHODS), (b"content-length", b"0")])
            return
        if not lines:
            await self._app(scope, receive, send)
            return

        async def with_lines(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _merged(message.get("headers", ()), lines)
            await send(message)

        await self._app(scope, receive, with_lines)

    def _lines(self, headers: Headers) -> list[tuple[bytes, bytes]]:
        origin = headers.get("origin")
        if origin is None or not self._origins.allow(origin, headers.get("host")):
            return []
        wanted = headers.get("access-control-request-headers")
        return [
            (_ORIGIN, origin.encode("latin-1")),
            (b"vary", b"Origin"),
            (b"access-control-allow-methods", _METHODS),
            (b"access-control-allow-headers", wanted.encode("latin-1") if wanted else _REQUEST_HEADERS),
            (b"access-control-expose-headers", _EXPOSED),
            (b"access-control-max-age", b"600"),
        ]


async def _answer_options(send: Send, lines: list[tuple[bytes, bytes]]) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": lines})
    await send({"type": "http.response.body", "body": b""})


def _merged(given: Sequence[tuple[bytes, bytes]], lines: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """An answer that is open to every origin stays so."""
    open_to_all = any(name.lower() == _ORIGIN for name, _ in given)
    return [*given, *(line for line in lines if not (open_to_all and line[0] == _ORIGIN))]
