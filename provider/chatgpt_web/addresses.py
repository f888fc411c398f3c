"""Addresses that upstream gives, checked before anything is sent there (docs/protocol.md section 0.1)."""

from __future__ import annotations

from urllib.parse import urlsplit

from yarl import URL

from provider.chatgpt_web import errors


def checked_socket_url(url: object, origin: str) -> str:
    """A WebSocket address that may be connected to: encrypted on ChatGPT's hosts, or on the configured origin's.

    Raises:
        ProtocolError: it is neither.
    """
    own = urlsplit(origin)
    try:
        parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
        host = parts.hostname or ""
    except ValueError:
        host = ""
        parts = urlsplit("")
    trusted = parts.scheme == "wss" and (host == "chatgpt.com" or host.endswith(".chatgpt.com"))
    scheme = "wss" if own.scheme == "https" else "ws"
    if not isinstance(url, str) or not (trusted or (parts.scheme == scheme and parts.netloc == own.netloc)):
        raise errors.malformed("Upstream gave a WebSocket address on a host that is not its own.")
    return url


def checked_file_url(url: str, origin: URL) -> URL:
    """An address of a file's bytes: encrypted, or as plain as the configured origin itself.

    Raises:
        ProtocolError: it is neither, or no address at all.
    """
    try:
        target = URL(url, encoded=True)
        target.origin()
    except ValueError:
        raise errors.malformed("Upstream gave a file address that is none.") from None
    if target.scheme not in ("https", origin.scheme):
        raise errors.malformed("Upstream gave a file address without encryption.")
    return target
