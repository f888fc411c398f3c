"""Who may ask: the bearer key, looked at before anything of the body is read."""

from __future__ import annotations

import hmac

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import answer_to
from api.services import Services
from core.errors import AuthenticationError

AUTHORIZED = "chatgpt.authorized"
"""In every request's scope: whether it brought the right key. Open routes show more to those who did."""

_OPEN = frozenset({"/health/live", "/health/ready"})
_CAPABILITIES = "/v1/chatgpt/files/"
"""Whoever knows a file's id may read it; ids cannot be guessed."""

_READS = frozenset({"GET", "HEAD"})


class BearerAuth:
    """Refuses requests without the key, in the same time however much of it is right."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        services: Services = scope["state"]["services"]
        given = _bearer(scope)
        known = given is not None and hmac.compare_digest(given, services.key.value.encode())
        scope[AUTHORIZED] = known
        if known or _is_open(scope):
            await self._app(scope, receive, send)
            return
        message = "The API key is missing." if given is None else "The API key is not the right one."
        response = answer_to(AuthenticationError(message)).response()
        response.headers["www-authenticate"] = "Bearer"
        await response(scope, receive, send)


def _is_open(scope: Scope) -> bool:
    path = scope["path"]
    return scope["method"] in _READS and (path in _OPEN or path.startswith(_CAPABILITIES))


def _bearer(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = bytes(value).partition(b" ")
            return key.strip() if scheme.lower() == b"bearer" else None
    return None
