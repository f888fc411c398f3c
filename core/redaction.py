"""What is secret, by name and by shape (docs/protocol.md section 1.12)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

REDACTED = "<redacted>"

_NAMES = (
    "authorization",
    "proxy-authorization",
    "cookie",
    "set-cookie",
    "x-oai-is-update",
    "x-conduit-token",
    "conduit_token",
    "resume_token",
    "websocket_url",
    "upload_url",
    "capture",
    "capture_text",
    "api_key",
    "apikey",
    "passphrase",
    "password",
    "secret",
    "access_token",
    "accesstoken",
    "refresh_token",
)
_NAMED = frozenset(_NAMES)
_SENTINEL = "openai-sentinel-"

_SHAPES = re.compile(
    r"""
    (?P<jwt>eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?)
    | (?P<proof>gAAAAA[A-Za-z0-9+/=_~-]+)
    | (?P<query>(?P<name>(?:verify|sig|signature|token|access_token)=)(?!<redacted>)[^\s&"'<>\\]+)
    | (?P<bearer>(?P<scheme>\bBearer\s+)(?!<redacted>)[^\s"'\\,;]+)
    | (?P<session>(?P<cookie>(?:__Secure-[A-Za-z0-9._-]+|__Host-[A-Za-z0-9._-]+|cf_clearance|__cf_bm|_uasid|oai-sc)=)
        (?!<redacted>)[^\s;"'\\]+)
    | (?P<header>(?P<key>\b(?:authorization|cookie|set-cookie|x-oai-is-update|x-conduit-token|openai-sentinel-[a-z-]+)
        ["']?\s*:[ \t]*["']?)(?![ \t]*["']?<redacted>)[^"'\r\n]+)
    """,
    re.VERBOSE | re.IGNORECASE,
)


def secret_name(name: str) -> bool:
    """Whether a header or key of this name holds a secret."""
    lowered = name.lower()
    return lowered in _NAMED or lowered.startswith(_SENTINEL) or lowered.replace("_", "-") in _NAMED


def redact_text(text: str) -> str:
    """`text` with everything replaced that has the shape of a credential. Redacting twice changes nothing more."""
    return _SHAPES.sub(_replacement, text)


def redact(value: Any) -> Any:
    """A copy of `value` in which nested mappings lose what is secret by name, and all text what is secret by shape."""
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {
            redact(key): REDACTED if isinstance(key, str) and secret_name(key) and item is not None else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(item) for item in value]
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    return value


def _replacement(match: re.Match[str]) -> str:
    for kept in ("name", "scheme", "cookie", "key"):
        if match[kept] is not None:
            return match[kept] + REDACTED
    return REDACTED
