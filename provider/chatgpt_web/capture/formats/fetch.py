"""`Copy as fetch`, which lacks the cookies or the user agent in most browsers (docs/protocol.md section 1.3)."""

from __future__ import annotations

import json
import re

from provider.chatgpt_web.capture.bodies import object_at
from provider.chatgpt_web.capture.model import RawRequest

CALL = re.compile(
    r"^[ \t>]*(?:(?:const|let|var)[ \t]+\w+[ \t]*=[ \t]*)?(?:await[ \t]+)?fetch\(\s*+(?=\")", re.MULTILINE
)
_DECODER = json.JSONDecoder(strict=False)


def read(text: str) -> RawRequest:
    """The request of a `fetch("…", {…})` call; whatever cannot be read stays empty."""
    match = CALL.search(text)
    if match is None:
        return RawRequest()
    try:
        url, end = _DECODER.raw_decode(text, match.end())
    except ValueError:
        return RawRequest()
    begins = text.find("{", end)
    found = object_at(text, begins) if begins != -1 else None
    options = found[0] if found else {}
    headers = options.get("headers")
    body = options.get("body")
    named = [(name, str(value)) for name, value in headers.items()] if isinstance(headers, dict) else []
    if isinstance(options.get("referrer"), str):
        named.append(("referer", options["referrer"]))
    return RawRequest(
        url=str(url),
        method=str(options.get("method", "POST" if body else "GET")).upper(),
        headers=named,
        body=body if isinstance(body, str) else None,
    )
