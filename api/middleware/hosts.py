"""No page of the web reaches this server through a name of its own."""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import answer_to
from api.hosts import KnownHosts, host_name
from core.errors import HostNotAllowedError
from core.logging import get_logger
from core.settings import ServerSettings

_log = get_logger(__name__)
_LONGEST = 255


class HostGuard:
    """Answers 421 to a `Host` that this server does not go by; a request without one is as good as its address."""

    def __init__(self, app: ASGIApp, settings: ServerSettings) -> None:
        self._app = app
        self._known = KnownHosts(settings)
        self._good: set[bytes] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = [value for name, value in scope["headers"] if name == b"host"]
        if not given or (len(given) == 1 and (given[0] in self._good or self._passes(given[0]))):
            await self._app(scope, receive, send)
            return
        shown = given[0][:_LONGEST].decode("latin-1")
        _log.info("host_refused", host=shown)
        refusal = HostNotAllowedError(f"This server does not go by {shown!r}; CHATGPT_ALLOWED_HOSTS may name it.")
        await answer_to(refusal).response()(scope, receive, send)

    def _passes(self, header: bytes) -> bool:
        name = host_name(header.decode("latin-1"))
        if name is None or not self._known.knows(name):
            return False
        if len(self._good) < _LONGEST:
            self._good.add(header)
        return True
