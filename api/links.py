"""Download links: where this request's client reaches the server, signed so that the link alone opens its file."""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from api.binding import is_loopback
from api.hosts import KnownHosts, host_name
from bridge.files.links import download_url
from core.clock import utc_now
from core.contracts.artifacts import Artifact
from core.errors import LinkExpiredError
from core.settings import ServerSettings

if TYPE_CHECKING:
    from api.services import Services

_LONGEST_STEP = timedelta(days=1)
_SIGNATURE_BYTES = 24
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip")
_LONGEST_TIME = 15


class LinkSigner:
    """Signs links with a secret of the data folder, and knows its signatures again.

    Args:
        life: how long a link opens its file at least; ends fall on whole steps, so that a link that is asked for again
            is the same for a while.
    """

    def __init__(self, secret: bytes, life: timedelta) -> None:
        self._secret = secret
        self._life = int(life.total_seconds())
        self._step = max(int(min(_LONGEST_STEP, life / 2).total_seconds()), 1)

    def query(self, file_id: str) -> str:
        """What makes a file's address a signed link."""
        until = int(utc_now().timestamp()) + self._life
        until += -until % self._step
        return f"expires={until}&signature={self._signature(file_id, until)}"

    def opens(self, file_id: str, query: QueryParams) -> bool:
        """Whether a link's query is one that was signed for this file.

        Raises:
            LinkExpiredError: it was, and its time is over.
        """
        until, signature = query.get("expires", ""), query.get("signature", "")
        if not (until.isascii() and until.isdecimal() and len(until) <= _LONGEST_TIME and signature.isascii()):
            return False
        if not hmac.compare_digest(signature, self._signature(file_id, int(until))):
            return False
        if int(until) <= utc_now().timestamp():
            raise LinkExpiredError("The download link has expired.")
        return True

    def _signature(self, file_id: str, until: int) -> str:
        signed = hmac.digest(self._secret, f"{file_id}:{until}".encode(), sha256)
        return urlsafe_b64encode(signed[:_SIGNATURE_BYTES]).decode("ascii")


@dataclass(frozen=True, slots=True)
class Links:
    """The links of one answer. `signer` is `None` where links are plain."""

    base: str
    signer: LinkSigner | None

    def of(self, artifact: Artifact) -> str:
        """The address of a file."""
        address = download_url(self.base, artifact)
        return address if self.signer is None else f"{address}?{self.signer.query(artifact.file_id)}"


def links_of(scope: Scope, services: Services) -> Links:
    """The links for this request's client."""
    settings = services.settings.server
    base = public_base(scope, settings)
    plain = settings.plain_links and is_loopback(urlsplit(base).hostname or "")
    return Links(base, None if plain else services.signer)


def opens_plain(scope: Scope, settings: ServerSettings) -> bool:
    """Whether a plain link opens its file for this request: the operator wants that, and it is of this machine."""
    if not settings.plain_links:
        return False
    headers, client = Headers(scope=scope), scope.get("client")
    here = client is not None and is_loopback(str(client[0]).removeprefix("::ffff:"))
    named = is_loopback(host_name(headers.get("host", "localhost")) or "")
    return here and named and not any(name in headers for name in _FORWARDED)


def public_base(scope: Scope, settings: ServerSettings) -> str:
    """Where a client of this request reaches the server, without a path.

    A `Host` header that names anything but what this server goes by is not believed: the link then names the address
    that the request arrived at.
    """
    if settings.public_base_url:
        return settings.public_base_url
    arrived, port = scope.get("server") or (settings.host, settings.port)
    given = Headers(scope=scope).get("host", "")
    name = host_name(given)
    if name is not None and KnownHosts(settings).knows(name):
        return f"{scope['scheme']}://{given}"
    return f"{scope['scheme']}://{f'[{arrived}]' if ':' in arrived else arrived}:{port}"
