"""Cookies of a capture and of a running session (docs/protocol.md section 1.5)."""

from __future__ import annotations

import re

_SESSION = "__Secure-next-auth.session-token"
_EXPIRED = re.compile(r";\s*max-age\s*=\s*(?:0+|-\d+)\s*(?:;|$)", re.IGNORECASE)


def parse_cookies(header: str) -> dict[str, str]:
    """A `cookie` header as a map; values stay as they are, but for one pair of quotes around them."""
    cookies: dict[str, str] = {}
    for part in header.split(";"):
        name, separator, value = part.strip().partition("=")
        if separator and name:
            cookies[name] = _unquoted(value)
    return cookies


def apply_update(cookies: dict[str, str], name: str, value: str) -> None:
    """Apply a response header, `set-cookie` or `x-oai-is-update`, to `cookies` in place; other names do nothing."""
    if name.lower() == "x-oai-is-update":
        cookies["__Secure-oai-is"] = value.strip()
    elif name.lower() == "set-cookie":
        _set_cookie(cookies, value)


def cookie_header(cookies: dict[str, str]) -> str:
    """The `cookie` header that is sent."""
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def _set_cookie(cookies: dict[str, str], value: str) -> None:
    name, separator, content = value.partition(";")[0].strip().partition("=")
    if not separator or not name:
        return
    content = _unquoted(content)
    if not content or _EXPIRED.search(value):
        cookies.pop(name, None)
        return
    _drop_other_shape(cookies, name)
    cookies[name] = content


def _drop_other_shape(cookies: dict[str, str], name: str) -> None:
    """The session cookie is one value or numbered chunks, never both."""
    if not name.startswith(_SESSION):
        return
    whole = name == _SESSION
    for other in [key for key in cookies if key.startswith(_SESSION)]:
        if (other == _SESSION) != whole:
            del cookies[other]


def _unquoted(value: str) -> str:
    value = value.strip()
    return value[1:-1] if len(value) >= 2 and value[0] == value[-1] == '"' else value
