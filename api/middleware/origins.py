"""Which pages of browsers may ask: those of this machine, this server's own, and those the operator names."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import GRANT, is_download
from api.binding import is_loopback
from api.errors import answer_to
from core.errors import OriginNotAllowedError


class Origins:
    """The origins that may call.

    Args:
        named: allowed beside pages of this machine; `*` allows all.
    """

    def __init__(self, named: Sequence[str] = ()) -> None:
        self._named = frozenset(origin.rstrip("/").lower() for origin in named)

    def allow(self, origin: str, host: str | None) -> bool:
        """Whether a page of this origin may call; `host` is the `Host` of its request."""
        if "*" in self._named or origin.lower() in self._named:
            return True
        try:
            parts = urlsplit(origin)
        except ValueError:
            return False
        if parts.scheme not in ("http", "https"):
            return False
        return is_loopback(parts.hostname or "") or (host is not None and parts.netloc.lower() == host.lower())


class OriginGuard:
    """Refuses pages of other origins where nothing but the browser vouches for them: no key, or a cookie beside it.

    A signed link vouches for itself.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str] = ()) -> None:
        self._app = app
        self._origins = Origins(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or (scope[GRANT] is not None and not _has(scope, b"cookie")):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or _signed(scope) or self._origins.allow(origin, headers.get("host")):
            await self._app(scope, receive, send)
            return
        refusal = OriginNotAllowedError(f"A page of {origin[:200]!r} may not ask; CHATGPT_CORS_ORIGINS may name it.")
        await answer_to(refusal).response()(scope, receive, send)


def _has(scope: Scope, wanted: bytes) -> bool:
    return any(name == wanted for name, _ in scope["headers"])


def _signed(scope: Scope) -> bool:
    return is_download(scope) and b"signature=" in scope["query_string"]
