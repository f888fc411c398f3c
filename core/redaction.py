"""What is secret, by name and by shape (docs/protocol.md section 1.12)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

REDACTED = "<redacted>"

_NAMED = frozenset(
    ("x_oai_is_update", "websocket_url", "upload_url", "download_url", "capture", "capture_text", "apikey", "cookies")
)
_ENDINGS = ("token", "secret", "api_key", "passphrase", "password", "cookie", "authorization")
_SENTINEL = "openai_sentinel_"
_DEEPEST = 16

_HINTS = tuple(
    """
    eyj gaaaaa bearer cookie authorization token secret password passphrase api_key apikey api-key sig= signature
    verify= __secure- __host- cf_ _uasid= _umsid= _puid= oai-sc= x-oai-is-update openai-sentinel _url capture sk-
    """.split()
)
"""Lower-case pieces of which any text with a secret shape holds at least one: most text is done after looking."""

_SHAPES = re.compile(
    r"""
    (?P<token> eyJ[\w-]{4,}\.[\w-]*(?:\.[\w-]*)? | eyJ[\w-]{24,} | gAAAAA[\w+/=~-]+ | \bsk-[\w-]{16,} )
    | (?P<parameter> (?:\b(?:verify|sig)|signature|token|secret|pass(?:word|phrase)|api[_-]?key)= )
        (?!<redacted>)[^\s&"'<>\\,;)}\]]+
    | (?P<scheme> \bbearer\s+ )
        (?!<redacted>|(?:tokens?|keys?|auth|authentication|authorization|credentials?|scheme|header)[.,;:!?)]*(?:\s|\Z))
        [^\s"'\\,;]+
    | (?P<cookie> (?:__(?:Secure|Host)-[\w.-]+|cf_clearance|__cf_bm|_uasid|_umsid|_puid|oai-sc)= )
        (?!<redacted>)[^\s;"'\\]+
    | (?P<key>
        (?: token|secret|pass(?:word|phrase)|api[_-]?key|cookies?|authorization|(?:websocket|upload|download)_url
            |capture(?:_text)?|x-oai-is-update|openai-sentinel-[a-z-]+ )
        \\?["']\s*:\s*
        (?= \\?["'] )
      ) (?: (?P<escaped> \\" ) (?!<redacted>)(?:[^"\\]|\\(?!"))*+
        | (?P<double> " ) (?!<redacted>)(?:[^"\\]|\\.)*+
        | (?P<single> ' ) (?!<redacted>)(?:[^'\\]|\\.)*+ )
    | (?P<header>
        (?<![\w-])(?:(?:proxy-)?authorization|(?:set-)?cookie|x-oai-is-update|x-conduit-token|openai-sentinel-[a-z-]+)
        [ \t]*:[ \t]*
      ) (?!["'\\]*<redacted>)\S[^\r\n]*
    """,
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_KEPT = ("parameter", "scheme", "cookie", "header")


def secret_name(name: str) -> bool:
    """Whether a header, key or field of this name holds a secret. `-`, `_` and case make no difference."""
    key = name.lower().replace("-", "_")
    return key in _NAMED or key.endswith(_ENDINGS) or key.startswith(_SENTINEL)


def redact_text(text: str) -> str:
    """`text` with everything replaced that has the shape of a credential. Redacting twice changes nothing more."""
    lowered = text.lower()
    if not any(hint in lowered for hint in _HINTS):
        return text
    return _SHAPES.sub(_replacement, text)


def redact(value: Any) -> Any:
    """A copy of `value` in plain types: without what is secret by name, and without secret shapes in any text.

    Mappings, lists of pairs (headers) and `{"name": ..., "value": ...}` items lose the values of secret names at any
    depth. Numbers, truth values, `None` and times stay; bytes become their length; any other object becomes its text.
    """
    return _redacted(value, _DEEPEST)


def _redacted(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, int | float | date | time | timedelta):
        return value
    if isinstance(value, bytes | bytearray | memoryview):
        return f"<{len(value)} bytes>"
    if depth == 0:
        return REDACTED
    if isinstance(value, Mapping):
        return _mapping(value, depth - 1)
    if isinstance(value, list | tuple | set | frozenset):
        return [_pair(item, depth - 1) for item in value]
    return redact_text(str(value))


def _mapping(value: Mapping[Any, Any], depth: int) -> dict[Any, Any]:
    named = value.get("name")
    hidden = isinstance(named, str) and "value" in value and secret_name(named)
    return {
        _key(key): REDACTED
        if item is not None and not isinstance(item, bool) and _secret_item(key, hidden)
        else _redacted(item, depth)
        for key, item in value.items()
    }


def _secret_item(key: Any, hidden: bool) -> bool:
    return isinstance(key, str) and (secret_name(key) or (hidden and key == "value"))


def _key(key: Any) -> Any:
    return redact_text(key) if isinstance(key, str) else key


def _pair(item: Any, depth: int) -> Any:
    """An item of a list; headers come as pairs of a name and a value."""
    if isinstance(item, Sequence) and len(item) == 2 and not isinstance(item, str | bytes | bytearray):
        name = item[0].decode("latin-1") if isinstance(item[0], bytes) else item[0]
        if isinstance(name, str) and secret_name(name):
            return [name, REDACTED]
    return _redacted(item, depth)


def _replacement(match: re.Match[str]) -> str:
    if match["key"] is not None:
        return match["key"] + (match["escaped"] or match["double"] or match["single"]) + REDACTED
    return next((match[kept] for kept in _KEPT if match[kept] is not None), "") + REDACTED
