"""Safari's headers view: sections of `Name: value` lines (docs/protocol.md section 1.3)."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.formats.lines import UPDATES, split_body, status_number
from provider.chatgpt_web.capture.model import RawRequest

_SECTIONS = ("Summary", "Request", "Response", "Request Data")
_REQUEST_LINE = re.compile(r"^([A-Z]+) (\S+) HTTP/")
_HEADER = re.compile(r"^([A-Za-z0-9_-]+):[ \t]?(.*)$")


def read(text: str) -> RawRequest:
    """The request of a headers view; of the response only cookie updates are taken."""
    head, body = split_body(text)
    request = RawRequest(body=body)
    section = "Summary"
    for line in head.splitlines():
        line = line.strip()
        if line in _SECTIONS:
            section = line
        elif section == "Summary":
            _summary(request, line)
        elif section == "Request":
            _request_line(request, line)
        elif section == "Response":
            match = _HEADER.match(line)
            if match and match[1].lower() in UPDATES:
                request.updates.append((match[1], match[2]))
    if not request.method and body is not None:
        request.method = "POST"
    return request


def _summary(request: RawRequest, line: str) -> None:
    name, _, value = line.partition(":")
    if name == "URL":
        request.url = value.strip()
    elif name == "Status":
        request.status = status_number(value)


def _request_line(request: RawRequest, line: str) -> None:
    first = _REQUEST_LINE.match(line)
    if first:
        request.method = first[1]
        return
    match = _HEADER.match(line)
    if match:
        request.headers.append((match[1], match[2].strip()))
