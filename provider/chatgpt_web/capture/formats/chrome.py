"""Chrome's headers tab: alternating lines or colon pairs, the payload often glued on (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.lines import REQUEST_LINE, UPDATES, complete, split_body, status_number
from provider.chatgpt_web.capture.model import ALLOWED, RawRequest

_NAME = re.compile(r"^:?[a-z0-9][a-z0-9_.-]*$", re.IGNORECASE)
_COLON = re.compile(r"^(:?[A-Za-z0-9][A-Za-z0-9_.-]*):[ \t]?(.*)$")
_GENERAL = re.compile(r"^(Request URL|Request Method|Status Code)(?::[ \t]*(.*))?$", re.IGNORECASE)
_BEGIN = re.compile(r"^(?::authority\b.*|Request Headers|[A-Z]+ /\S* HTTP/.*)$", re.IGNORECASE)
_KNOWN = ALLOWED | {"cookie"}
_NEVER_A_VALUE = _KNOWN - {"accept", "origin", "priority"}
"""A line of these behind a name is the next name: the header in front of it was empty."""
_PSEUDO = frozenset((":method", ":scheme", ":authority", ":path"))


def read(text: str) -> RawRequest:
    """The request of a headers tab; where the two parts share a name, the request's wins."""
    head, body = split_body(text)
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    request = RawRequest(body=body)
    _general(request, lines)
    begins = next((at for at, line in enumerate(lines) if _BEGIN.match(line)), None)
    # Only responses carry updates: without a marker they are looked for everywhere.
    request.updates = _pairs(lines[:begins], UPDATES)
    # Without a marker any bare word, `POST` for instance, could pass for a name.
    request.headers = _pairs(lines, _KNOWN) if begins is None else _pairs(lines[begins:], None)
    complete(request, _target(request, lines))
    return request


def _general(request: RawRequest, lines: list[str]) -> None:
    for at, line in enumerate(lines):
        match = _GENERAL.match(line)
        if not match:
            continue
        value = match[2] if match[2] is not None else (lines[at + 1] if at + 1 < len(lines) else "")
        name = match[1].lower()
        if name == "request url":
            request.url = value
        elif name == "request method":
            request.method = value.upper()
        else:
            request.status = status_number(value)


def _target(request: RawRequest, lines: list[str]) -> dict[str, str]:
    """What pseudo headers, or a request line with its host, say of the target."""
    target = {name.lower(): value for name, value in _pairs(lines, _PSEUDO)}
    first = next((match for match in map(REQUEST_LINE.match, lines) if match), None)
    if first:
        target[":method"], target[":path"] = first[1], first[2]
    for name, value in request.headers:
        if name.lower() == "host":
            target.setdefault(":authority", value)
    return target


def _pairs(lines: list[str], names: frozenset[str] | None) -> list[tuple[str, str]]:
    """Names and values; `names` are the only ones to take, `None` takes all."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(lines):
        name, value, length = _pair(lines, at)
        taken = name != "" and (names is None or name.lower() in names)
        if taken:
            pairs.append((name, _cut(name, value)))
        at += length if taken else 1
    return pairs


def _pair(lines: list[str], at: int) -> tuple[str, str, int]:
    """Name and value at `at` and how many lines they take; the name is empty when the line is none."""
    colon = _COLON.match(lines[at])
    if colon and colon[1].lower() not in ("http", "https"):
        return colon[1], colon[2], 1
    if not _NAME.match(lines[at]):
        return "", "", 1
    following = lines[at + 1] if at + 1 < len(lines) else ""
    if following.lower() in _NEVER_A_VALUE:
        return lines[at], "", 1
    return lines[at], following, 2


def _cut(name: str, value: str) -> str:
    return value.partition("{")[0].strip() if name.lower().startswith("x-openai-target-") else value.strip()
