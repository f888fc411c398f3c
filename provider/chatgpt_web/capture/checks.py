"""Can this capture become an account? (docs/protocol.md section 1.7)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from provider.chatgpt_web.capture.claims import Claims, masked_email, masked_id, observed, read_claims, token_payload
from provider.chatgpt_web.capture.model import Capture
from provider.chatgpt_web.capture.parse import parse_capture
from provider.chatgpt_web.models import capabilities
from provider.chatgpt_web.proof import decode_config
from provider.interface.accounts import Check, Inspection, Level

PATH = "/backend-api/f/conversation"
_RECOMMENDED_HEADERS = (
    "openai-sentinel-chat-requirements-token",
    "openai-sentinel-proof-token",
    "openai-sentinel-turnstile-token",
    "x-conduit-token",
)
_FRESH = timedelta(hours=24)
_SESSION_COOKIE = "__Secure-next-auth.session-token"


def inspect_capture(text: str, *, now: datetime, base_origin: str = "https://chatgpt.com") -> Inspection:
    """Read and check a capture; nothing is sent and nothing is written.

    Raises:
        CaptureRejectedError: the text is no capture.
    """
    return inspect(parse_capture(text), now=now, base_origin=base_origin)


def inspect(capture: Capture, *, now: datetime, base_origin: str) -> Inspection:
    """Check a capture that was read."""
    claims = read_claims(capture.headers.get("authorization", ""))
    slugs = observed(capture.body, capture.cookies)
    checks = (*_required(capture, claims, now, base_origin), *_recommended(capture, claims, now))
    return Inspection(
        ok=all(check.ok for check in checks if check.level == "required"),
        format=capture.format,
        checks=checks,
        capabilities=capabilities(claims.plan_type, slugs),
        email=masked_email(claims.email) if claims.email else None,
        account_id=masked_id(claims.account_id) if claims.account_id else None,
        user_id=masked_id(claims.user_id) if claims.user_id else None,
        token_expires_at=claims.expires_at,
        observed_models=slugs,
    )


def _required(capture: Capture, claims: Claims, now: datetime, base_origin: str) -> Iterator[Check]:
    yield _url(capture, base_origin)
    yield _check("method", "required", capture.method == "POST", "The request is a POST.", "The request is no POST.")
    readable = token_payload(capture.headers.get("authorization", "")) is not None
    bearer = capture.headers.get("authorization", "").lower().startswith("bearer ")
    yield _check(
        "authorization",
        "required",
        readable and bearer,
        "A bearer token is there.",
        "There is no readable bearer token. A HAR must be exported with sensitive data.",
    )
    yield _check(
        "token_expiry",
        "required",
        not claims.expired(now),
        f"The token expires at {claims.expires_at:%Y-%m-%d %H:%M} UTC." if claims.expires_at else "It names no expiry.",
        "The token has expired: copy the request of a message you send now.",
    )
    yield _check(
        "cookies",
        "required",
        bool(capture.cookies),
        f"{len(capture.cookies)} cookies are there.",
        "There are no cookies. A HAR must be exported with sensitive data; 'Copy as fetch' leaves them out.",
    )
    agent = bool(capture.headers.get("user-agent"))
    yield _check("user-agent", "required", agent, "The user agent is there.", "The user agent is missing.")
    messages = (capture.body or {}).get("messages")
    yield _check(
        "body",
        "required",
        isinstance(messages, list) and bool(messages),
        "The message's body is there.",
        "The message's body is missing: copy the payload too, with 'view source' and not the parsed tree.",
    )


def _url(capture: Capture, base_origin: str) -> Check:
    try:
        parts = urlsplit(capture.url)
    except ValueError:
        parts = urlsplit("")
    origin = f"{parts.scheme}://{parts.netloc}".lower()
    ok = parts.path == PATH and origin in ("https://chatgpt.com", base_origin.lower())
    problem = f"The request must be POST {base_origin}{PATH}."
    if parts.path == f"{PATH}/prepare":
        problem = "This is the prepare request; copy the one named `conversation`, which follows it."
    return _check("url", "required", ok, "It is the conversation request.", problem)


def _recommended(capture: Capture, claims: Claims, now: datetime) -> Iterator[Check]:
    body = capture.body or {}
    for name in ("model", "action"):
        yield _present(name, bool(body.get(name)))
    device = capture.headers.get("oai-device-id")
    agrees = device is not None and capture.cookies.get("oai-did", device) == device
    yield _check(
        "oai-device-id",
        "recommended",
        agrees,
        "oai-device-id is there.",
        "oai-device-id is missing." if device is None else "oai-device-id and the cookie oai-did differ.",
    )
    yield _present("oai-session-id", "oai-session-id" in capture.headers)
    for name in _RECOMMENDED_HEADERS:
        yield _present(name, name in capture.headers)
    proof = capture.headers.get("openai-sentinel-proof-token")
    if proof is not None:
        yield _check(
            "proof_configuration",
            "recommended",
            decode_config(proof) is not None,
            "The proof configuration is readable.",
            "The proof configuration is unreadable: upstream's proof challenges cannot be answered.",
        )
    if capture.cookies:
        session = any(name.startswith(_SESSION_COOKIE) for name in capture.cookies)
        yield _check(
            "session_cookie", "recommended", session, "The session cookie is there.", "The session cookie is missing."
        )
    if claims.expires_at is not None:
        fresh = claims.expires_at - now > _FRESH
        yield _check("freshness", "recommended", fresh, "It lasts for more than a day.", "It expires within a day.")


def _present(name: str, ok: bool) -> Check:
    return _check(name, "recommended", ok, f"{name} is there.", f"{name} is missing.")


def _check(name: str, level: Level, ok: bool, fine: str, problem: str) -> Check:
    return Check(name=name, level=level, ok=ok, detail=fine if ok else problem)
