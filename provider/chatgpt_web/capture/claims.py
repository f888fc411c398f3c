"""What a bearer token and the model cookies say; nothing is verified (docs/protocol.md sections 1.8 and 1.9)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

from provider.chatgpt_web.capture.bodies import encodable
from provider.interface.accounts import PickerSettings

_AUTH = "https://api.openai.com/auth"
_PROFILE = "https://api.openai.com/profile"
_ID_SHOWN = (6, 4)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims that are used; each is `None` when the token does not say. `plan_type` is as upstream spells it."""

    plan_type: str | None = None
    account_id: str | None = None
    user_id: str | None = None
    email: str | None = None
    expires_at: datetime | None = None
    issued_at: datetime | None = None

    def expired(self, now: datetime) -> bool | None:
        """Whether the token has expired at `now`; `None` when it does not say when."""
        return None if self.expires_at is None else self.expires_at <= now


def token_payload(authorization: str) -> dict[str, Any] | None:
    """The middle segment of a three-part token as an object, with or without `Bearer`; `None` if it is none."""
    token = authorization.strip()
    if token[:7].lower() == "bearer ":
        token = token[7:].strip()
    segments = token.split(".")
    if len(segments) != 3:
        return None
    payload = segments[1].rstrip("=")
    try:
        text = base64.b64decode(payload + "=" * (-len(payload) % 4), altchars=b"-_", validate=True).decode()
    except (ValueError, binascii.Error):
        return None
    return _object(text)


def read_claims(authorization: str) -> Claims:
    """The claims of an `authorization` header; an unreadable token has none."""
    payload = token_payload(authorization) or {}
    auth = payload.get(_AUTH)
    auth = auth if isinstance(auth, dict) else {}
    profile = payload.get(_PROFILE)
    return Claims(
        plan_type=_text(auth.get("chatgpt_plan_type")),
        account_id=_text(auth.get("chatgpt_account_id")),
        user_id=_text(auth.get("chatgpt_user_id")) or _text(auth.get("user_id")),
        email=_text(profile.get("email")) if isinstance(profile, dict) else None,
        expires_at=_moment(payload.get("exp")),
        issued_at=_moment(payload.get("iat")),
    )


def model_cookie(value: str | None) -> dict[str, Any]:
    """A model cookie's object; an undecodable one is empty."""
    return _object(unquote(value or "")) or {}


def observed(body: Mapping[str, Any] | None, cookies: Mapping[str, str]) -> tuple[str, ...]:
    """Model slugs that the captured body and the model cookies name, in that order, once each."""
    sources = [
        body or {},
        model_cookie(cookies.get("oai-last-model-config")),
        model_cookie(cookies.get("oai-default-model-config")),
    ]
    slugs = [source.get("model") for source in sources]
    return tuple(dict.fromkeys(slug for slug in slugs if isinstance(slug, str) and slug))


def observed_efforts(
    body: Mapping[str, Any] | None, cookies: Mapping[str, str], settings: PickerSettings | None = None
) -> dict[str, tuple[str, ...]]:
    """Thinking efforts that the captured body, the last choice in the picker and the settings name, by slug."""
    last = model_cookie(cookies.get("oai-last-model-config"))
    chosen = [((body or {}).get("model"), (body or {}).get("thinking_effort")), (last.get("model"), last.get("effort"))]
    chosen += [] if settings is None else settings.last_efforts.items()
    efforts: dict[str, tuple[str, ...]] = {}
    for slug, effort in chosen:
        if isinstance(slug, str) and isinstance(effort, str) and effort and effort not in efforts.get(slug, ()):
            efforts[slug] = (*efforts.get(slug, ()), effort)
    return efforts


def masked_email(email: str) -> str:
    """The address with its local part hidden but for the first and, from three letters on, the last letter."""
    local, separator, domain = email.partition("@")
    if not separator or not local:
        return email
    return f"{local[0]}***{local[-1] if len(local) > 2 else ''}@{domain}"


def masked_id(value: str) -> str:
    """The first six and last four characters; `***` for ten or fewer."""
    first, last = _ID_SHOWN
    return f"{value[:first]}...{value[-last:]}" if len(value) > first + last else "***"


def _object(text: str) -> dict[str, Any] | None:
    try:
        decoded = json.loads(text)
        return encodable(decoded, text) if isinstance(decoded, dict) else None
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _moment(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
