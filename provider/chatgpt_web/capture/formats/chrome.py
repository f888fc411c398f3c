"""Chrome's headers tab: alternating lines or colon pairs, the payload often glued on (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.lines import UPDATES, split_body, status_number
from provider.chatgpt_web.capture.model import ALLOWED, RawRequest

_NAME = re.compile(r"^:?[a-z0-9][a-z0-9_.-]*$", re.IGNORECASE)
_COLON = re.compile(r"^(:?[A-Za-z0-9][A-Za-z0-9_.-]*):[ \t]?(.*)$")
_GENERAL = re.compile(r"^(Request URL|Request Method|Status Code)(?::[ \t]*(.*))?$", re.IGNORECASE)
_BEGIN = re.compile(r"^(?::authority\b.*|Request Headers)$", re.IGNORECASE)
_KNOWN = ALLOWED | {"cookie"}


def read(text: str) -> RawRequest:
    """The request of a headers tab; where the two parts share a name, the request's wins."""
    head, body = split_body(text)
    lines = [line.strip() for line in head.splitlines() if line.strip()]
    request = RawRequest(body=body)
    begins = next((at for at, line in enumerate(lines) if _BEGIN.match(line)), 0)
    _general(request, lines)
    for name, value in _pairs(lines[:begins], known_only=True, names=UPDATES):
        request.updates.append((name, value))
    request.headers = [
        (name, value) for name, value in _pairs(lines[begins:], known_only=begins == 0, names=_KNOWN) if name[0] != ":"
    ]
    if not request.method and body is not None:
        request.method = "POST"
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


def _pairs(lines: list[str], *, known_only: bool, names: frozenset[str]) -> list[tuple[str, str]]:
    """Names and values. `known_only` takes no other names than `names`: a bare word such as `POST` is none."""
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(lines):
        colon = _COLON.match(lines[at])
        if colon and colon[1].lower() not in ("http", "https"):
            if not known_only or colon[1].lower() in names:
                pairs.append((colon[1], _cut(colon[1], colon[2])))
            at += 1
        elif _NAME.match(lines[at]) and at + 1 < len(lines) and (not known_only or lines[at].lower() in names):
            pairs.append((lines[at], _cut(lines[at], lines[at + 1])))
            at += 2
        else:
            at += 1
    return pairs


def _cut(name: str, value: str) -> str:
    return value.partition("{")[0].strip() if name.lower().startswith("x-openai-target-") else value.strip()
