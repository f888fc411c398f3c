"""Can this capture become an account? (docs/protocol.md section 1.7)"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from provider.chatgpt_web.capture.claims import (
    Claims,
    masked_email,
    masked_id,
    observed,
    observed_efforts,
    read_claims,
    token_payload,
)
from provider.chatgpt_web.capture.model import Capture
from provider.chatgpt_web.capture.parse import parse_capture
from provider.chatgpt_web.capture.seen import preferred, read_settings, see
from provider.chatgpt_web.models import capabilities
from provider.chatgpt_web.proof import decode_config
from provider.interface.accounts import Check, Inspection, Level, PickerSettings

PATH = "/backend-api/f/conversation"
_RECOMMENDED_HEADERS = (
    "openai-sentinel-chat-requirements-token",
    "openai-sentinel-proof-token",
    "openai-sentinel-turnstile-token",
    "x-conduit-token",
)
_FRESH = timedelta(hours=24)
_SESSION_COOKIE = "__Secure-next-auth.session-token"
_VIEWS = ("safari-headers", "chrome-headers")


def inspect_capture(
    text: str, *, now: datetime, base_origin: str = "https://chatgpt.com", settings: str | None = None
) -> Inspection:
    """Read and check a capture; nothing is sent and nothing is written.

    Args:
        settings: the account's settings as the browser has them; what is unreadable counts as none.

    Raises:
        CaptureRejectedError: the text is no capture.
    """
    return inspect(parse_capture(text), now=now, base_origin=base_origin, settings=read_settings(settings))


def inspect(capture: Capture, *, now: datetime, base_origin: str, settings: PickerSettings | None = None) -> Inspection:
    """Check a capture that was read."""
    claims = read_claims(capture.headers.get("authorization", ""))
    slugs = observed(capture.body, capture.cookies)
    efforts = observed_efforts(capture.body, capture.cookies, settings)
    checks = (*_required(capture, claims, now, base_origin), *_recommended(capture, claims, now))
    return Inspection(
        ok=all(check.ok for check in checks if check.level == "required"),
        format=capture.format,
        checks=checks,
        capabilities=capabilities(
            claims.plan_type,
            (*preferred(settings), *slugs),
            efforts,
            () if settings is None else settings.reasoning_efforts,
        ),
        email=masked_email(claims.email) if claims.email else None,
        account_id=masked_id(claims.account_id) if claims.account_id else None,
        user_id=masked_id(claims.user_id) if claims.user_id else None,
        token_expires_at=claims.expires_at,
        observed_models=slugs,
        token_issued_at=claims.issued_at,
        cookies_expire_at=capture.session_expires_at,
        seen=see(capture),
        settings=settings,
    )


def _required(capture: Capture, claims: Claims, now: datetime, base_origin: str) -> Iterator[Check]:
    yield _url(capture, base_origin)
    yield _check("method", "required", capture.method == "POST", "The request is a POST.", "The request is no POST.")
    authorization = capture.headers.get("authorization", "")
    readable = authorization.lower().startswith("bearer ") and token_payload(authorization) is not None
    lacking = "The bearer token is not readable." if authorization else "There is no bearer token."
    advice = _advice(capture)
    yield _check("authorization", "required", readable, "A bearer token is there.", f"{lacking} {advice}")
    yield _check(
        "token_expiry",
        "required",
        not claims.expired(now),
        f"The token expires at {claims.expires_at:%Y-%m-%d %H:%M} UTC." if claims.expires_at else "It names no expiry.",
        "The token has expired: copy the request of a message you send now.",
    )
    count = len(capture.cookies)
    yield _check("cookies", "required", count > 0, f"{count} cookies are there.", f"There are no cookies. {advice}")
    agent = "user-agent" in capture.headers
    yield _check("user-agent", "required", agent, "The user agent is there.", f"There is no user agent. {advice}")
    yield _body(capture)


def _advice(capture: Capture) -> str:
    """What to copy when a part of the request is not there."""
    if capture.format == "har" and "authorization" not in capture.headers and not capture.cookies:
        return "The HAR was exported without credentials: export it again, `with sensitive data`."
    if capture.format == "fetch":
        return "`Copy as fetch` leaves it out: choose `Copy as cURL (bash)` instead."
    return "Copy the whole request once more, best with `Copy as cURL (bash)`."


def _body(capture: Capture) -> Check:
    messages = (capture.body or {}).get("messages")
    problem = "The payload holds no message: copy the request named `conversation`, not one around it."
    if capture.body is None and capture.format in _VIEWS:
        problem = (
            "The payload is missing, or copied as the parsed tree, which is no JSON: in the payload tab choose "
            "`view source` and paste that behind the headers."
        )
    elif capture.body is None:
        problem = f"The payload is missing or no JSON. {_advice(capture)}"
    there = isinstance(messages, list) and bool(messages)
    return _check("body", "required", there, "The message's payload is there.", problem)


def _url(capture: Capture, base_origin: str) -> Check:
    path, origin = _path(capture.url), _origin(capture.url)
    problem = f"The request must be POST {base_origin.rstrip('/')}{PATH}."
    if path == f"{PATH}/prepare":
        problem = (
            "This is the prepare request, whose payload is not complete: copy the one named `conversation`, which "
            "follows it."
        )
    elif not capture.url:
        problem = f"The request's address is missing. {problem}"
    ok = path == PATH and origin is not None and origin in ("https://chatgpt.com", _origin(base_origin))
    return _check("url", "required", ok, "It is the conversation request.", problem)


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _origin(url: str) -> str | None:
    """Scheme, host and port, the port left out where it is the scheme's own; `None` for an address with a login."""
    try:
        parts = urlsplit(url.lower())
        port = parts.port
    except ValueError:
        return None
    if "@" in parts.netloc or not parts.hostname:
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    own = {"https": 443, "http": 80}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + (f":{port}" if port not in (None, own) else "")


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
