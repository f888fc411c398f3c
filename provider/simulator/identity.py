"""Invented bearer tokens: signed for this simulator alone, good nowhere else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

EXPIRES_AT = 2_208_988_800
"""1 January 2040: the same in every run, so that a capture stays byte for byte the same."""

_HEADER = {"alg": "HS256", "typ": "JWT", "kid": "simulator"}


def make_token(claims: dict[str, Any], secret: bytes) -> str:
    """A JSON web token over `claims`."""
    signed = f"{_encode(_HEADER)}.{_encode(claims)}"
    return f"{signed}.{_signature(signed, secret)}"


def read_token(token: str, secret: bytes) -> dict[str, Any] | None:
    """The claims of a token this simulator signed; `None` for any other text. Expiry is the caller's business."""
    signed, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(signed, secret).encode()):
        return None
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(signed.partition(".")[2] + "=="))
    return claims


def derive(seed: int, *names: str) -> str:
    """64 hex digits that depend on `seed` and `names` alone."""
    return hashlib.sha256("\x1f".join((str(seed), *names)).encode()).hexdigest()


def as_uuid(digits: str) -> str:
    """32 hex digits in the shape of a version-4 UUID."""
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}"


def _encode(value: dict[str, Any]) -> str:
    text = json.dumps(value, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


def _signature(signed: str, secret: bytes) -> str:
    digest = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
