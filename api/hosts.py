"""The host names that this server goes by."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

from core.settings import ServerSettings

_OWN = frozenset({"localhost", "host.docker.internal"})
_HOST = re.compile(r"(?P<name>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>\d{1,5}))?")


def host_name(header: str) -> str | None:
    """The name in a `Host` header, in lower case and without brackets; `None` when the header is malformed."""
    given = _HOST.fullmatch(header)
    return None if given is None else given["name"].strip("[]").lower().rstrip(".")


class KnownHosts:
    """What a page that had a name bound anew cannot bring: addresses, this machine's names, and what settings say."""

    def __init__(self, settings: ServerSettings) -> None:
        named = [settings.host, *settings.allowed_hosts]
        if settings.public_base_url:
            named.append(urlsplit(settings.public_base_url).hostname or "")
        names = {name.lower().strip("[]").rstrip(".") for name in named}
        self._all = "*" in names
        self._names = _OWN | names
        self._endings = tuple(name for name in names if name.startswith("."))

    def knows(self, name: str) -> bool:
        """Whether a name without brackets and in lower case is one of ours."""
        return self._all or name in self._names or name.endswith((".localhost", *self._endings)) or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
