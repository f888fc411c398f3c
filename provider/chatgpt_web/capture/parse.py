"""Pasted text becomes a capture: which format, then what may be replayed (docs/protocol.md section 1.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from core.errors import CaptureRejectedError
from provider.chatgpt_web.capture.bodies import json_object
from provider.chatgpt_web.capture.cookies import apply_update, parse_cookies
from provider.chatgpt_web.capture.formats import chrome, curl_bash, curl_cmd, fetch, har, powershell, safari
from provider.chatgpt_web.capture.model import ALLOWED, Capture, RawRequest

_FENCE = re.compile(r"^```[^\n]*\n(.*?)\n?```\s*$", re.DOTALL)
_CURL = re.compile(r"^\s*(?:\$\s+)*(?:\S*/)?curl(?:\.exe)?[ \t^]", re.MULTILINE)
_POWERSHELL = re.compile(r"\bInvoke-(?:WebRequest|RestMethod)\b", re.IGNORECASE)
_CARETS = re.compile(r"\^\"|[ \t]\^\r?$", re.MULTILINE)
_SECTION = re.compile(r"^(?:Summary|Request)\s*$", re.MULTILINE)
_MOST_CHARACTERS = 32 * 1024 * 1024


def parse_capture(text: str) -> Capture:
    """Read a capture in any of the formats.

    Raises:
        CaptureRejectedError: `unrecognized_format`, `multiple_requests`, `no_conversation_request` or `too_large`.
    """
    if len(text) > _MOST_CHARACTERS:
        raise CaptureRejectedError("The text is larger than any captured request.", reason="too_large")
    text = text.lstrip("\ufeff").strip()
    fenced = _FENCE.match(text)
    text = fenced[1].strip() if fenced else text
    document = _har(text)
    if document is not None:
        return _chosen("har", har.read(document))
    return _chosen(*_text_format(text))


def _text_format(text: str) -> tuple[str, RawRequest]:
    commands = len(_POWERSHELL.findall(text)) or len(_CURL.findall(text)) or len(fetch.CALL.findall(text))
    if commands > 1:
        raise CaptureRejectedError(
            "The text holds more than one request. Copy a single one, so that no two logins get mixed.",
            reason="multiple_requests",
        )
    if _POWERSHELL.search(text):
        return "powershell", powershell.read(text)
    curl = _CURL.search(text)
    if curl:
        command = text[curl.start() :]
        return (
            ("curl-cmd", curl_cmd.read(command)) if _CARETS.search(command) else ("curl-bash", curl_bash.read(command))
        )
    if fetch.CALL.search(text):
        return "fetch", fetch.read(text)
    if (_SECTION.search(text) and re.search(r"^URL:", text, re.MULTILINE)) or "Request Data" in text:
        return "safari-headers", safari.read(text)
    if "Request URL" in text or ":authority" in text or _known_names(text) >= 2:
        return "chrome-headers", chrome.read(text)
    raise CaptureRejectedError(
        "This is no copied request. In the browser's network panel, choose the request `conversation` of a message you "
        "just sent, then Copy, Copy as cURL.",
        reason="unrecognized_format",
    )


def _known_names(text: str) -> int:
    names = {re.split(r"[:\s]", line.strip(), maxsplit=1)[0].lower() for line in text.splitlines()}
    return len(names & (ALLOWED | {"cookie"}))


def _har(text: str) -> Mapping[str, Any] | None:
    if not text.startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    log = document.get("log") if isinstance(document, dict) else None
    return document if isinstance(log, dict) and isinstance(log.get("entries"), list) else None


def _chosen(name: str, raw: RawRequest) -> Capture:
    """Keep what may be replayed of `raw`."""
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    dropped: list[str] = []
    for given, value in raw.headers:
        lowered = given.lower()
        if lowered == "cookie":
            cookies.update(parse_cookies(value))
        elif lowered in ALLOWED:
            headers[lowered] = value
        elif not lowered.startswith(":"):
            dropped.append(lowered)
    cookies.update({name: value for name, value in raw.cookies if name not in cookies})
    for given, value in raw.updates:
        apply_update(cookies, given, value)
    return Capture(
        format=name,
        url=raw.url,
        method=raw.method,
        status=raw.status,
        headers=headers,
        cookies=cookies,
        body=json_object(raw.body),
        dropped=tuple(dropped),
    )
