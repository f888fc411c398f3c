"""A capture, read: what may be replayed of one browser request (docs/protocol.md section 1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

ALLOWED = frozenset(
    """
    accept accept-language authorization cache-control content-type oai-client-build-number oai-client-version
    oai-device-id oai-echo-logs oai-language oai-session-id oai-telemetry openai-sentinel-arkose-token
    openai-sentinel-chat-requirements-token openai-sentinel-proof-token openai-sentinel-so-token
    openai-sentinel-turnstile-token origin priority referer sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform
    sec-fetch-dest sec-fetch-mode sec-fetch-site user-agent x-conduit-token x-oai-turn-trace-id x-openai-target-path
    x-openai-target-route chatgpt-account-id
    """.split()
)
"""Header names, lower-case, that may be replayed; `cookie` is kept apart and rebuilt (section 1.4)."""


@dataclass(slots=True)
class RawRequest:
    """What a format found, before anything is chosen.

    Attributes:
        headers: the request's, in order, names as they stood.
        cookies: from a format that lists cookies one by one.
        updates: `set-cookie` and `x-oai-is-update` of the response, in order.
        body: the body's text, `None` when the format has no place for it or it was empty.
        ends: names of cookies and when they end, from a format that says so.
        answered_at: when the response came, as the format writes it.
    """

    url: str = ""
    method: str = ""
    status: int | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    cookies: list[tuple[str, str]] = field(default_factory=list)
    updates: list[tuple[str, str]] = field(default_factory=list)
    body: str | None = None
    ends: list[tuple[str, str]] = field(default_factory=list)
    answered_at: str = ""


@dataclass(frozen=True, slots=True)
class Capture:
    """One request, reduced to what may be replayed. Everything in it but `format`, `method` and `status` is secret.

    Attributes:
        headers: allow-listed, lower-case names, without `cookie`.
        cookies: name to value, response updates applied.
        body: the JSON object that was sent, `None` when there was none.
        dropped: names of request headers that were left out.
        session_expires_at: when the session's cookies end, aware UTC; `None` when the capture does not say.
    """

    format: str
    url: str = field(repr=False)
    method: str
    status: int | None
    headers: dict[str, str] = field(repr=False)
    cookies: dict[str, str] = field(repr=False)
    body: dict[str, Any] | None = field(repr=False)
    dropped: tuple[str, ...] = field(default=(), repr=False)
    session_expires_at: datetime | None = None
