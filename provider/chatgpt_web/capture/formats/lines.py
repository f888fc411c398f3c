"""What the formats that copy a headers view share: lines, sections, and the body behind them."""

from __future__ import annotations

import re

from provider.chatgpt_web.capture.bodies import json_object, last_request_object

UPDATES = frozenset(("set-cookie", "x-oai-is-update"))
_MARKER = re.compile(r"^(?:Request Data:|Request Payload:?|Payload:?|Request Data)[ \t]*", re.MULTILINE)


def split_body(text: str) -> tuple[str, str | None]:
    """The text before the body, and the body: behind its label, else the last object that looks like a request."""
    for marker in reversed(list(_MARKER.finditer(text))):
        rest = text[marker.end() :]
        if rest.lstrip().startswith("{") and json_object(rest) is not None:
            return text[: marker.start()], rest.lstrip()
    found = last_request_object(text)
    return (text[: found[1]], text[found[1] :]) if found else (text, None)


def status_number(value: str) -> int | None:
    """The first number of a status line."""
    match = re.search(r"\d{3}", value)
    return int(match[0]) if match else None
