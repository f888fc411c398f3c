"""The base of download links: the public address, else the request's own host where that can be trusted."""

from __future__ import annotations

import re

from starlette.datastructures import Headers
from starlette.types import Scope

from api.binding import is_loopback
from core.settings import ServerSettings

_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")


def public_base(scope: Scope, settings: ServerSettings) -> str:
    """Where a client of this request reaches the server, without a path.

    A `Host` header that names anything but this machine, the bind, or an allowed host is not believed: the link then
    names the address that the request arrived at.
    """
    if settings.public_base_url:
        return settings.public_base_url
    arrived, port = scope.get("server") or (settings.host, settings.port)
    given = _HOST.fullmatch(Headers(scope=scope).get("host", ""))
    if given is not None and _trusted(given["name"].strip("[]").lower(), arrived, settings):
        return f"{scope['scheme']}://{given[0]}"
    return f"{scope['scheme']}://{f'[{arrived}]' if ':' in arrived else arrived}:{port}"


def _trusted(name: str, arrived: str, settings: ServerSettings) -> bool:
    known = {settings.host.lower(), arrived.lower(), *(host.lower() for host in settings.allowed_hosts)}
    return is_loopback(name) or name in known
