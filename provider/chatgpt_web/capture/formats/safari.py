"""Safari's headers view: sections of `Name: value` lines (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.lines import REQUEST_LINE, UPDATES, complete, split_body, status_number
from provider.chatgpt_web.capture.model import RawRequest

_SECTIONS = ("Summary", "Request", "Response", "Request Data")
_HEADER = re.compile(r"^(:?[A-Za-z0-9_-]+):[ \t]?(.*)$")


def read(text: str) -> RawRequest:
    """The request of a headers view; of the response only cookie updates are taken."""
    head, body = split_body(text)
    request = RawRequest(body=body)
    target: dict[str, str] = {}
    section = "Summary"
    for line in head.splitlines():
        line = line.strip()
        if line in _SECTIONS:
            section = line
        elif section == "Summary":
            _summary(request, line)
        elif section == "Request":
            _request_line(request, target, line)
        elif section == "Response":
            match = _HEADER.match(line)
            if match and match[1].lower() in UPDATES:
                request.updates.append((match[1], match[2]))
    complete(request, target)
    return request


def _summary(request: RawRequest, line: str) -> None:
    name, _, value = line.partition(":")
    if name == "URL":
        request.url = value.strip()
    elif name == "Status":
        request.status = status_number(value)


def _request_line(request: RawRequest, target: dict[str, str], line: str) -> None:
    first = REQUEST_LINE.match(line)
    if first:
        target[":method"], target[":path"] = first[1], first[2]
        return
    match = _HEADER.match(line)
    if match is None:
        return
    name, value = match[1], match[2].strip()
    if name.startswith(":"):
        target[name.lower()] = value
        return
    request.headers.append((name, value))
    if name.lower() == "host":
        target.setdefault(":authority", value)
