"""What copies of a headers view share: the request's target, its status, its body (docs/protocol.md section 1.6)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from provider.chatgpt_web.capture.bodies import last_request_object, object_at
from provider.chatgpt_web.capture.model import RawRequest

UPDATES = frozenset(("set-cookie", "x-oai-is-update"))
REQUEST_LINE = re.compile(r"^([A-Z]+) (/\S*) HTTP/")
_MARKER = re.compile(r"^[ \t]*(?:Request Data:|Request Payload:?|Payload:?|Request Data)[ \t]*", re.MULTILINE)


def split_body(text: str) -> tuple[str, str | None]:
    """The text without the body, and the body: behind its label, else the last object that looks like a request."""
    for marker in reversed(list(_MARKER.finditer(text))):
        found = object_at(text, marker.end())
        if found is not None:
            return _without(text, marker.start(), found[1]), text[marker.end() : found[1]].strip()
    last = last_request_object(text)
    return (_without(text, last[1], last[2]), text[last[1] : last[2]]) if last else (text, None)


def status_number(value: str) -> int | None:
    """The first number of a status line."""
    match = re.search(r"\d{3}", value)
    return int(match[0]) if match else None


def complete(request: RawRequest, target: Mapping[str, str]) -> None:
    """Fill in what the view's summary did not say from `target`: `:method`, `:scheme`, `:authority` and `:path`."""
    request.method = request.method or target.get(":method", "").upper()
    if not request.method and request.body is not None:
        request.method = "POST"
    host, path = target.get(":authority", ""), target.get(":path", "")
    if not request.url and host and path.startswith("/"):
        request.url = f"{target.get(':scheme', 'https')}://{host}{path}"


def _without(text: str, begins: int, ends: int) -> str:
    return f"{text[:begins]}\n{text[ends:]}"
