"""`Copy as fetch`, also for Node.js, which alone carries the cookies (docs/protocol.md section 1.3)."""

from __future__ import annotations

import json
import re

from provider.chatgpt_web.capture.model import RawRequest

CALL = re.compile(r"\bfetch\(\s*(?=\")")
_DECODER = json.JSONDecoder(strict=False)


def read(text: str) -> RawRequest:
    """The request of a `fetch("…", {…})` call; whatever cannot be read stays empty."""
    match = CALL.search(text)
    if match is None:
        return RawRequest()
    try:
        url, end = _DECODER.raw_decode(text, match.end())
        options, _ = _DECODER.raw_decode(text, text.index("{", end))
    except (ValueError, RecursionError):
        return RawRequest()
    if not isinstance(url, str) or not isinstance(options, dict):
        return RawRequest()
    headers = options.get("headers")
    body = options.get("body")
    named = [(name, str(value)) for name, value in headers.items()] if isinstance(headers, dict) else []
    if isinstance(options.get("referrer"), str):
        named.append(("referer", options["referrer"]))
    return RawRequest(
        url=url,
        method=str(options.get("method", "POST" if body else "GET")).upper(),
        headers=named,
        body=body if isinstance(body, str) else None,
    )
