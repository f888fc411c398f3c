"""Pasted text becomes a capture: which format, then what may be replayed (docs/protocol.md section 1.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from provider.chatgpt_web.capture import rejections
from provider.chatgpt_web.capture.bodies import json_object
from provider.chatgpt_web.capture.cookies import apply_update, parse_cookies, session_expiry
from provider.chatgpt_web.capture.formats import chrome, curl_bash, curl_cmd, fetch, har, powershell, safari
from provider.chatgpt_web.capture.model import ALLOWED, Capture, RawRequest

_PROMPT = r"^[ \t]*(?:PS )?(?:[^\s'\"{}$%#>]{0,200}[$%#>][ \t]*){0,4}"
_CURL = re.compile(_PROMPT + r"(?:[^\s'\"]*[/\\])?curl(?:\.exe)?(?=[ \t^])", re.MULTILINE)
_POWERSHELL = re.compile(
    _PROMPT + r"(?:\$\w+[ \t]*=[ \t]*)?Invoke-(?:WebRequest|RestMethod)\b", re.MULTILINE | re.IGNORECASE
)
_POWERSHELL_ANYWHERE = re.compile(r"\bInvoke-(?:WebRequest|RestMethod)\b", re.IGNORECASE)
_CARETS = re.compile(r"\^\"|[ \t]\^\r?$", re.MULTILINE)
_QUOTE = re.compile(r"['\"]")
_FENCE = re.compile(r"^```[^\n]*\n(.*?)\n?```\s*$", re.DOTALL)
_SECTION = re.compile(r"^(?:Summary|Request)[ \t]*\r?$", re.MULTILINE)
_URL = re.compile(r"^URL:", re.MULTILINE)
_REQUEST_DATA = re.compile(r"^Request Data\b", re.MULTILINE)
_REQUEST_URL = re.compile(r"^[ \t]*Request URL\b", re.MULTILINE)
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_FIELD = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")

_MOST_CHARACTERS = 32 * 1024 * 1024
_MOST_CHARACTERS_COPIED = 1024 * 1024


def parse_capture(text: str) -> Capture:
    """Read a capture in any of the formats.

    Raises:
        CaptureRejectedError: `unrecognized_format`, `multiple_requests`, `no_conversation_request`, `damaged_text` or
            `too_large`.
    """
    if len(text) > _MOST_CHARACTERS:
        raise rejections.too_large()
    try:
        text.encode()
    except UnicodeEncodeError:
        raise rejections.unreadable("The text") from None
    text = text.lstrip("\ufeff").strip()
    fenced = _FENCE.match(text)
    text = fenced[1].strip() if fenced else text
    document = _har(text)
    if document is not None:
        return _chosen("har", har.read(document))
    if len(text) > _MOST_CHARACTERS_COPIED:
        raise rejections.too_large()
    return _chosen(*_command(text) or _view(text))


def _command(text: str) -> tuple[str, RawRequest] | None:
    """The request of a copied command, `None` when there is no command."""
    curls = list(_CURL.finditer(text))
    if len(curls) + sum(1 for _ in _POWERSHELL.finditer(text)) + sum(1 for _ in fetch.CALL.finditer(text)) > 1:
        raise rejections.several()
    if curls:
        arguments = text[curls[0].end() :]
        return (
            ("curl-cmd", curl_cmd.read(arguments)) if _careted(arguments) else ("curl-bash", curl_bash.read(arguments))
        )
    if fetch.CALL.search(text):
        return "fetch", fetch.read(text)
    if _POWERSHELL_ANYWHERE.search(text):
        return "powershell", powershell.read(text)
    return None


def _view(text: str) -> tuple[str, RawRequest]:
    """The request of a copied headers view."""
    if len(_REQUEST_URL.findall(text)) > 1 or len(_URL.findall(text)) > 1:
        raise rejections.several()
    if (_SECTION.search(text) and _URL.search(text)) or _REQUEST_DATA.search(text):
        return "safari-headers", safari.read(text)
    if "Request URL" in text or ":authority" in text or _known_names(text) >= 2:
        return "chrome-headers", chrome.read(text)
    raise rejections.unrecognized()


def _careted(arguments: str) -> bool:
    """Whether the quoting is cmd.exe's. A command that quotes with `'` first is none, whatever its message holds."""
    quote = _QUOTE.search(arguments)
    return (quote is None or quote[0] == '"') and _CARETS.search(arguments) is not None


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
    headers, cookies, dropped = _sorted(raw)
    cookies.update({name: value for name, value in raw.cookies if name not in cookies})
    for given, value in raw.updates:
        apply_update(cookies, given, value)
    for cookie, value in cookies.items():
        if _unsafe(cookie) or _unsafe(value):
            raise rejections.unreadable("A cookie")
    return Capture(
        format=name,
        url=raw.url,
        method=raw.method,
        status=raw.status,
        headers=headers,
        cookies=cookies,
        body=json_object(raw.body),
        dropped=dropped,
        session_expires_at=session_expiry(cookies, raw.ends, raw.updates, raw.answered_at),
    )


def _sorted(raw: RawRequest) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """Headers to keep, cookies, and the names of the headers that are left out."""
    headers: dict[str, str] = {}
    cookies: dict[str, str] = {}
    dropped: list[str] = []
    for given, value in raw.headers:
        name = given.lower()
        if name == "cookie":
            cookies.update(parse_cookies(value))
        elif name in ALLOWED:
            if _unsafe(value):
                raise rejections.unreadable(f"The header {name}")
            if name == "authorization" and headers.get(name, value) != value:
                raise rejections.several()
            if value:
                headers[name] = value
        elif _FIELD.fullmatch(name):
            dropped.append(name)
    return headers, cookies, tuple(dropped)


def _unsafe(value: str) -> bool:
    """Whether `value` cannot stand in a header: control characters, or half a surrogate pair from an escape."""
    return _CONTROL.search(value) is not None or any("\ud800" <= char <= "\udfff" for char in value)
