"""The last resort: whatever goes wrong is answered as JSON and logged."""

from __future__ import annotations

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import answer_to
from core.errors import BridgeError, InternalError
from core.logging import get_logger

_log = get_logger(__name__)


class Failures:
    """Turns an error into an answer. One that comes after the answer has begun ends the connection instead."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def noted(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, noted)
        except ClientDisconnect:
            return
        except BridgeError as error:
            await _answer(error, begun, scope, receive, send)
        except Exception as error:
            _log.exception("request_failed", method=scope["method"], path=scope["path"], error=type(error).__name__)
            await _answer(InternalError("The bridge failed on this request."), begun, scope, receive, send)


async def _answer(error: BridgeError, begun: bool, scope: Scope, receive: Receive, send: Send) -> None:
    if begun:
        raise error
    await answer_to(error).response()(scope, receive, send)
