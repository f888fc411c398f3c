"""`Copy as PowerShell`: session object, then `Invoke-WebRequest` (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.model import RawRequest

_STRING = r'"((?:[^"`]++|`.|"")*+)"'
_COOKIE = re.compile(rf"System\.Net\.Cookie\(\s*+{_STRING}\s*+,\s*+{_STRING}", re.DOTALL)
_USER_AGENT = re.compile(rf"\.UserAgent\s*+=\s*+{_STRING}", re.DOTALL)
_URI = re.compile(rf"-Uri\s++{_STRING}", re.DOTALL | re.IGNORECASE)
_METHOD = re.compile(rf"-Method\s++{_STRING}", re.DOTALL | re.IGNORECASE)
_TYPE = re.compile(rf"-ContentType\s++{_STRING}", re.DOTALL | re.IGNORECASE)
_HEADERS = re.compile(r"-Headers\s*+@\{", re.IGNORECASE)
_HEADER = re.compile(rf"[\s;]*+{_STRING}\s*+=\s*+{_STRING}", re.DOTALL)
_BODY = re.compile(
    rf"-Body\s++(?:\(?\[System\.Text\.Encoding\]::UTF8\.GetBytes\(\s*+)?{_STRING}", re.DOTALL | re.IGNORECASE
)
_INSIDE = re.compile(r"`(.)|\$\(\[char\](\d{1,7})\)|\"\"", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def read(text: str) -> RawRequest:
    """The request of an `Invoke-WebRequest` command."""
    body = _BODY.search(text)
    # A message may speak of anything, of options too: it is put away before they are looked for.
    command = text[: body.start(1)] + text[body.end(1) :] if body else text
    request = RawRequest(
        url=_first(_URI, command),
        method=_first(_METHOD, command).upper(),
        headers=_headers(command),
        cookies=[(_plain(match[1]), _plain(match[2])) for match in _COOKIE.finditer(command)],
        body=_plain(body[1]) if body and body[1] else None,
    )
    for name, value in (("user-agent", _first(_USER_AGENT, command)), ("content-type", _first(_TYPE, command))):
        if value:
            request.headers.append((name, value))
    if not request.method and request.body is not None:
        request.method = "POST"
    return request


def _headers(command: str) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    table = _HEADERS.search(command)
    match = _HEADER.match(command, table.end()) if table else None
    while match:
        headers.append((_plain(match[1]), _plain(match[2])))
        match = _HEADER.match(command, match.end())
    return headers


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return _plain(match[1]) if match else ""


def _plain(quoted: str) -> str:
    """A double-quoted string's value. `[char]` numbers are UTF-16 units, so pairs are joined at the end."""

    def unescaped(match: re.Match[str]) -> str:
        if match[2] is not None:
            return chr(int(match[2]) & 0xFFFF)
        return _ESCAPES.get(match[1], match[1]) if match[1] is not None else '"'

    plain = _INSIDE.sub(unescaped, quoted)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
