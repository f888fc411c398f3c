"""Cookies of a capture and of a running session (docs/protocol.md section 1.5)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_SESSION = "__Secure-next-auth.session-token"
_EXPIRES = re.compile(r";\s*expires\s*=\s*([^;]{1,64})", re.IGNORECASE)
_MAX_AGE = re.compile(r";\s*max-age\s*=\s*(\d{1,12})\s*(?:;|$)", re.IGNORECASE)
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


def session_expiry(
    cookies: Mapping[str, str],
    ends: Iterable[tuple[str, str]],
    updates: Iterable[tuple[str, str]],
    answered_at: str = "",
) -> datetime | None:
    """When the first of the session's cookies ends, aware UTC; `None` when nothing readable says so.

    Args:
        cookies: those that are there in the end.
        ends: names and ends, from a format that lists them; of a name that comes twice the last counts.
        updates: response headers in order; a cookie that one of them sets has its end from there, or none.
        answered_at: ISO time of the response, which `max-age` counts from.
    """
    known = {name: _moment(text) for name, text in ends}
    since = _moment(answered_at)
    for header, value in updates:
        if header.lower() == "set-cookie":
            name = value.partition(";")[0].partition("=")[0].strip()
            known[name] = _end(value, since)
    found = [end for name, end in known.items() if end is not None and name in cookies and name.startswith(_SESSION)]
    return min(found, default=None)


def _end(cookie: str, since: datetime | None) -> datetime | None:
    """When a `set-cookie` ends; `max-age` wins, as in a browser, where it can be counted from anything."""
    age = _MAX_AGE.search(cookie)
    if age and since is not None:
        try:
            return since + timedelta(seconds=int(age[1]))
        except OverflowError:
            return None
    expires = _EXPIRES.search(cookie)
    return _moment(expires[1].strip()) if expires else None


def _moment(text: str) -> datetime | None:
    """An ISO time as in a HAR, or a date as in a header; without a zone it is UTC."""
    for read in (datetime.fromisoformat, _header_date):
        try:
            found = read(text.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        except (ValueError, OverflowError, TypeError, IndexError):
            continue
    return None


def _header_date(text: str) -> datetime:
    # Netscape's old form has dashes where the others have blanks: `Wed, 09-Jun-2027 10:18:14 GMT`.
    return parsedate_to_datetime(text.replace("-", " "))


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
