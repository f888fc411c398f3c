"""Which scope of an API key each route needs. A route that this table does not name needs `admin`."""

from __future__ import annotations

from enum import Enum
from typing import TypeAlias, cast

from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from api.auth import GRANT
from bridge.keys.grant import Grant
from core.contracts.keys import AccessScope


class Anybody(Enum):
    """Who may use a route whatever the scopes of their key are."""

    OPEN = "open"
    """Nobody needs a key, or the route looks for itself."""

    ANY_KEY = "any key"
    """What a key made itself it may always look at; what others made it does not find."""


Need: TypeAlias = AccessScope | Anybody

_NEEDS: dict[str, Need] = {
    "/health": AccessScope.READ,
    "/health/live": Anybody.OPEN,
    "/health/ready": Anybody.OPEN,
    "/openapi.json": Anybody.ANY_KEY,
    "/v1/chat/completions": AccessScope.CHAT,
    "/v1/conversations": Anybody.ANY_KEY,
    "/v1/files": Anybody.ANY_KEY,
    "/v1/images": AccessScope.IMAGES,
    "/v1/models": AccessScope.READ,
    "/v1/responses": AccessScope.CHAT,
    "/v1/responses/": Anybody.ANY_KEY,
    "/v1/responses/compact": AccessScope.CHAT,
    "/v1/chatgpt/files": Anybody.OPEN,
    "/v1/chatgpt/operations": Anybody.ANY_KEY,
    "/v1/chatgpt/remaining": AccessScope.READ,
    "/v1/chatgpt/research": AccessScope.RESEARCH,
    "/v1/chatgpt/route": AccessScope.READ,
    "/v1/chatgpt/usage": AccessScope.READ,
    "/v1/chatgpt/vision": AccessScope.IMAGES,
}
"""By the beginning of a path; the longest counts, whatever the method. With `/` at its end: what lies below it."""

WORK = frozenset({AccessScope.CHAT, AccessScope.IMAGES, AccessScope.RESEARCH})
"""What is begun with these counts against a key's limits."""


def need_of(path: str) -> Need:
    """What a route needs."""
    found = _NEEDS.get(path)
    while found is None and path:
        path = path.rpartition("/")[0]
        found = _NEEDS.get(f"{path}/", _NEEDS.get(path))
    if found is not None:
        return found
    return AccessScope.ADMIN


class ScopeGuard:
    """Sees that a request's key has what its path needs, before any of its body is read."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            need = need_of(scope["path"])
            if isinstance(need, AccessScope):
                _require(need, scope)
        await self._app(scope, receive, send)


def _require(need: AccessScope, scope: Scope) -> None:
    grant = cast(Grant, scope[GRANT])
    if need not in grant.scopes and not _is_served(scope):
        # Nothing is there to be kept from anybody: it is told as what it is.
        return
    grant.require(need)


def _is_served(scope: Scope) -> bool:
    return any(route.matches(scope)[0] is not Match.NONE for route in scope["app"].routes)
