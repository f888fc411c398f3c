"""Who asks: the bearer key, looked at before anything of the body is read."""

from __future__ import annotations

import hmac
from hashlib import sha256

from starlette.types import ASGIApp, Receive, Scope, Send

from api.attempts import Attempts, peer_of
from api.errors import answer_to
from api.services import Services
from bridge.keys.grant import PRIMARY, Grant
from core.errors import AuthenticationError, BridgeError, MissingKeyError, TooManyAttemptsError

GRANT = "chatgpt.grant"
"""In every request's scope: what its key allows; `None` where it brought none, which only open routes see."""

_OPEN = frozenset({"/health/live", "/health/ready"})
_DOWNLOADS = "/v1/chatgpt/files/"
_READS = frozenset({"GET", "HEAD"})


class BearerAuth:
    """Finds out what a request may do, and refuses the one without a key, in the same time however much is right."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._attempts = Attempts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        services: Services = scope["state"]["services"]
        given = _bearer(scope)
        try:
            scope[GRANT] = None if given is None else await self._grant(services, given, scope)
            if given is None and not _is_open(scope):
                raise MissingKeyError("The API key is missing.")
        except (AuthenticationError, TooManyAttemptsError) as error:
            if not (_is_open(scope) and isinstance(error, AuthenticationError)):
                await _refuse(error, scope, receive, send)
                return
            # What anybody may see is not kept from whoever brings an old key.
            scope[GRANT] = None
        await self._app(scope, receive, send)

    async def _grant(self, services: Services, given: bytes, scope: Scope) -> Grant:
        digest = sha256(given).digest()
        keys = services.bridge.keys
        try:
            grant = PRIMARY if self._is_primary(services, digest, scope) else await keys.admit(digest)
        except AuthenticationError as error:
            await self._attempts.failed(peer_of(scope), error.code)
            raise
        keys.use.seen(grant)
        return grant

    def _is_primary(self, services: Services, digest: bytes, scope: Scope) -> bool:
        """Whether it is the operator's own key. One that can be guessed is not known while somebody tries to."""
        right = hmac.compare_digest(digest, services.key.digest)
        return right and not (services.key.guessable and self._attempts.many_from(peer_of(scope)))


def is_download(scope: Scope) -> bool:
    """Whether a request asks for a file, which its link may vouch for."""
    return scope["method"] in _READS and scope["path"].startswith(_DOWNLOADS)


def _is_open(scope: Scope) -> bool:
    return is_download(scope) or (scope["method"] in _READS and scope["path"] in _OPEN)


async def _refuse(error: BridgeError, scope: Scope, receive: Receive, send: Send) -> None:
    response = answer_to(error).response()
    if isinstance(error, AuthenticationError):
        response.headers["www-authenticate"] = "Bearer"
    await response(scope, receive, send)


def _bearer(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = bytes(value).partition(b" ")
            return key.strip() if scheme.lower() == b"bearer" else None
    return None
