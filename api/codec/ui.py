"""The codec for the embedded server's web UI, which cannot send a key: at an address that only `up` and the UI know.

That address guards against pages of the web, which cannot guess it. It does not guard against other users of this
machine: the UI itself, which has no login, tells it to whoever opens it.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.binding import is_loopback
from api.body import read_bytes
from api.codec.service import JSON, Verb, run
from api.errors import answer_to
from api.services import Services
from core.errors import BridgeError, InternalError, MethodNotAllowedError, NotFoundError, RequestTooLargeError
from core.logging import get_logger
from core.settings import TemporalSettings

_log = get_logger(__name__)

PREFIX = "/v1/chatgpt/codec/ui/"

_VERBS: Mapping[str, Verb] = {"decode": "decode", "encode": "encode"}
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_MOST_BYTES = 16 * 1024 * 1024
"""Beyond anything that a page of the UI sends at once: a server's answer has at most 4 MiB."""


class UiCodec:
    """Answers below `PREFIX` by itself, in front of the key and of the rules for other pages.

    Whoever is not the UI on this machine learns only that there is no such route.
    """

    def __init__(self, app: ASGIApp, settings: TemporalSettings) -> None:
        self._app = app
        part = settings.ui_codec_part
        self._part = part.get_secret_value().encode() if part is not None and settings.ui_codec else None
        self._origins = {f"http://{name}:{settings.ui_port}" for name in ("127.0.0.1", "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        try:
            response = await self._answer(scope, receive)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        headers = Headers(scope=scope)
        verb = self._asked(scope, headers)
        if verb is None:
            return answer_to(NotFoundError("There is no such route.")).response()
        response = await _done(scope, verb, headers, receive)
        response.headers.update(
            {"access-control-allow-origin": headers["origin"], "vary": "Origin", "cache-control": "no-store"}
        )
        return response

    def _asked(self, scope: Scope, headers: Headers) -> Verb | None:
        """What is asked for; `None` when it is not the UI that asks."""
        part, _, verb = scope["path"].removeprefix(PREFIX).partition("/")
        known = self._part is not None and hmac.compare_digest(part.encode(), self._part)
        if not (known and headers.get("origin") in self._origins and _from_here(scope, headers)):
            return None
        return _VERBS.get(verb)


def _from_here(scope: Scope, headers: Headers) -> bool:
    """The peer is this machine, speaks for nobody else, and means us: a name that was bound anew is not ours."""
    client, server = scope.get("client"), scope.get("server")
    # A socket for both families shows a peer of the older one as a mapped address.
    if client is None or server is None or not is_loopback(client[0].removeprefix("::ffff:")):
        return False
    if any(name in headers for name in _FORWARDED) or len(headers.getlist("host")) != 1:
        return False
    try:
        named = urlsplit(f"//{headers['host']}")
        return is_loopback(named.hostname or "") and named.port == server[1]
    except ValueError:
        return False


async def _done(scope: Scope, verb: Verb, headers: Headers, receive: Receive) -> Response:
    if scope["method"] == "OPTIONS":
        allowed = {
            "access-control-allow-methods": "POST",
            "access-control-allow-headers": headers.get("access-control-request-headers", "Content-Type, X-Namespace"),
            "access-control-max-age": "600",
        }
        return Response(status_code=204, headers=allowed)
    services: Services = scope["state"]["services"]
    try:
        if scope["method"] != "POST":
            raise MethodNotAllowedError("The codec is asked by POST.")
        if not headers.get("content-length", "").isdigit() or int(headers["content-length"]) > _MOST_BYTES:
            raise RequestTooLargeError(f"The codec takes bodies of known length, at most {_MOST_BYTES} bytes.")
        return Response(await run(services, verb, await read_bytes(receive)), media_type=JSON)
    except BridgeError as error:
        return answer_to(error).response()
    except ClientDisconnect:
        raise
    except Exception as error:
        # Here and not further out, where the path would be logged with its unguessable part.
        _log.exception("codec_failed", verb=verb, error=type(error).__name__)
        return answer_to(InternalError("The codec failed on this request.")).response()
