"""HEAD: every route that can be read can be asked for its headers alone."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

WAS_HEAD = "chatgpt.head"
"""In the scope of a request that came as HEAD, for those who can save themselves the body."""


class Head:
    """Handles HEAD as GET; the server leaves the body out."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET", WAS_HEAD: True}
        await self._app(scope, receive, send)
