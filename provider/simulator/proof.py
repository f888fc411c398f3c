"""The proof of work as the backend sees it: made up, then checked (docs/protocol.md section 7)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass
from typing import Any

PREFIX = "gAAAAAB"
_ATTEMPT = 3


@dataclass(frozen=True, slots=True)
class Challenge:
    """What has to be answered; both values are strings on the wire."""

    seed: str
    difficulty: str


def accepts(challenge: Challenge, answer: str | None, expected_config: list[Any]) -> bool:
    """Whether `answer` solves `challenge` with the browser configuration the account's capture holds.

    Only the attempt number may differ from the captured configuration: a client that makes one up is refused.
    """
    encoded = (answer or "").partition("~")[0]
    if not encoded.startswith(PREFIX):
        return False
    encoded = encoded[len(PREFIX) :]
    digest = hashlib.sha3_512((challenge.seed + encoded).encode()).hexdigest()
    if digest[: len(challenge.difficulty)] > challenge.difficulty:
        return False
    return _same_but_attempt(_decode(encoded), expected_config)


def captured_proof(config: list[Any]) -> str:
    """The header a browser with this configuration had sent with the captured request."""
    text = json.dumps(config, ensure_ascii=False, separators=(",", ":"))
    return f"{PREFIX}{base64.b64encode(text.encode()).decode()}~S"


def _decode(encoded: str) -> Any:
    try:
        return json.loads(base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        return None


def _same_but_attempt(config: Any, expected: list[Any]) -> bool:
    if not isinstance(config, list) or len(config) != len(expected):
        return False
    return all(
        mine == theirs for index, (mine, theirs) in enumerate(zip(config, expected, strict=True)) if index != _ATTEMPT
    )
