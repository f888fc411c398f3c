"""`Copy as PowerShell`: session object, then `Invoke-WebRequest` (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.model import RawRequest

_STRING = r'"((?:[^"`]|`.|"")*)"'
_COOKIE = re.compile(rf"System\.Net\.Cookie\(\s*{_STRING}\s*,\s*{_STRING}", re.DOTALL)
_USER_AGENT = re.compile(rf"\.UserAgent\s*=\s*{_STRING}", re.DOTALL)
_URI = re.compile(rf"-Uri\s+{_STRING}", re.DOTALL | re.IGNORECASE)
_METHOD = re.compile(rf"-Method\s+{_STRING}", re.DOTALL | re.IGNORECASE)
_TYPE = re.compile(rf"-ContentType\s+{_STRING}", re.DOTALL | re.IGNORECASE)
_HEADER = re.compile(rf"{_STRING}\s*=\s*{_STRING}", re.DOTALL)
_BODY = re.compile(rf"-Body\s+(?:\(\[System\.Text\.Encoding\]::UTF8\.GetBytes\(\s*)?{_STRING}", re.DOTALL)
_INSIDE = re.compile(r"`(.)|\$\(\[char\](\d+)\)|\"\"", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def read(text: str) -> RawRequest:
    """The request of an `Invoke-WebRequest` command."""
    request = RawRequest(url=_first(_URI, text), method=_first(_METHOD, text).upper())
    begins = text.find("-Headers")
    if begins != -1:
        ends = text.find("\n}", begins)
        table = text[begins : ends if ends != -1 else len(text)]
        request.headers = [(_plain(match[1]), _plain(match[2])) for match in _HEADER.finditer(table)]
    for name, value in (("user-agent", _first(_USER_AGENT, text)), ("content-type", _first(_TYPE, text))):
        if value:
            request.headers.append((name, value))
    request.cookies = [(_plain(match[1]), _plain(match[2])) for match in _COOKIE.finditer(text)]
    request.body = _first(_BODY, text) or None
    if not request.method and request.body is not None:
        request.method = "POST"
    return request


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
