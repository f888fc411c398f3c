"""Where the server listens, and whether its key is good enough for that."""

from __future__ import annotations

import errno
import ipaddress
import socket

from core.errors import PortInUseError, SettingError
from core.settings import ServerSettings

_SHORTEST_KEY = 16
_WELL_KNOWN_KEYS = frozenset({"local-dev-key"})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`; names other than `localhost` are not looked up."""
    name = host.strip("[]").lower()
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def require_strong_key(settings: ServerSettings, key: str) -> None:
    """Refuse to be reachable from other machines with a key that can be guessed.

    Raises:
        SettingError: one line that names the variable.
    """
    if is_loopback(settings.host):
        return
    if key in _WELL_KNOWN_KEYS or len(key) < _SHORTEST_KEY:
        raise SettingError(
            f"CHATGPT_API_KEY: a server on {settings.host} needs a key of at least {_SHORTEST_KEY} characters that is "
            "not a well-known one; unset, a strong one is made"
        )


def bound_socket(host: str, port: int) -> socket.socket:
    """A socket at the address, which nobody else can take from now on; it does not listen yet.

    Raises:
        PortInUseError: the port is taken.
        SettingError: the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, the event loop switches Nagle's algorithm off, which costs 40 ms an answer.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host.strip("[]"), port))
    except OSError as error:
        opened.close()
        if error.errno == errno.EADDRINUSE:
            raise PortInUseError(f"port {port} on {host} is taken") from None
        raise SettingError(f"CHATGPT_API_HOST: cannot listen on {host}:{port}: {error.strerror or error}") from None
    return opened
