"""No request body is larger than the server takes, whether its length is announced or not."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer_to
from core.errors import RequestTooLargeError


class BodyLimit:
    """Refuses an announced length at once, and any other body as soon as it passes the limit.

    Args:
        most_bytes: the largest body that is taken.
        by_path: another limit for these paths.
    """

    def __init__(self, app: ASGIApp, most_bytes: int, by_path: Mapping[str, int]) -> None:
        self._app = app
        self._usual = most_bytes
        self._by_path = by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._by_path.get(scope["path"], self._usual)
        refusal = RequestTooLargeError(f"The request body is larger than {most} bytes.")
        if _announced(scope) > most:
            await _refuse(refusal, scope, receive, send)
            return
        seen, begun = 0, False

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > most:
                    raise refusal
            return message

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, noted)
        except RequestTooLargeError as error:
            # A handler may refuse a part of a body that is small enough; that is its own answer.
            if begun or error is not refusal:
                raise
            await _refuse(refusal, scope, receive, send)


async def _refuse(refusal: RequestTooLargeError, scope: Scope, receive: Receive, send: Send) -> None:
    response = answer_to(refusal).response()
    # The rest of the body is on its way; only the end of the connection stops it.
    response.headers["connection"] = "close"
    await response(scope, receive, send)


def _announced(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length":
            return int(value) if value.isdigit() else 0
    return 0
