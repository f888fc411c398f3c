"""What stands between a turn and its sending: the proof of work, or a stop (docs/protocol.md section 7)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.errors import BrowserCheckRequiredError

MOST_ATTEMPTS = 500_000
_PREFIX = "gAAAAAB"
_LOOK_EVERY = 256
_LONGEST = 24 * 3600
_HEX = re.compile(r"[0-9a-f]+\Z")
_KNOWN = frozenset(("proofofwork", "turnstile", "arkose"))
_REFRESH = "send one message in the browser, copy that request again and update the account with it"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A proof of work that is asked for, and the captured configuration that answers it."""

    seed: str
    difficulty: str
    config: list[Any] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Needed:
    """What one turn has to carry.

    Attributes:
        token: the requirements token, good for one turn.
        expires_seconds: for how long.
        challenge: the proof to work out, `None` when none is asked for.
        headers: captured tokens that are sent unchanged.
    """

    token: str = field(repr=False)
    expires_seconds: float
    challenge: Challenge | None
    headers: dict[str, str] = field(default_factory=dict, repr=False)


def decode_config(header: str | None) -> list[Any] | None:
    """The browser's configuration in a captured proof token, `None` when there is none to read (section 7.2)."""
    if header is None or _PREFIX not in header:
        return None
    encoded = header.partition(_PREFIX)[2].partition("~")[0].rstrip("=")
    try:
        config = json.loads(base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return config if isinstance(config, list) and len(config) >= 4 else None


def examine(requirements: Mapping[str, Any], captured: Mapping[str, str]) -> Needed:
    """Whether what upstream requires can be answered from the capture's headers.

    Raises:
        BrowserCheckRequiredError: it wants something only a person with a browser can give.
    """
    token = requirements.get("token")
    if requirements.get("force_login"):
        raise _stop("login_required", "Upstream asks this account to sign in again")
    if not isinstance(token, str) or not token or not token.isprintable():
        raise _stop("requirements_token_missing", "Upstream gave no requirements token")
    for name, value in requirements.items():
        if name not in _KNOWN and isinstance(value, dict) and value.get("required"):
            raise _stop("unknown_requirement", f"Upstream requires {name[:40]!r}, which this bridge does not know")
    headers = {}
    for kind in ("turnstile", "arkose"):
        if _required(requirements, kind):
            header = f"openai-sentinel-{kind}-token"
            if not captured.get(header):
                raise _stop(f"{kind}_missing", f"Upstream requires a {kind} token and the capture has none")
            headers[header] = captured[header]
    expires = requirements.get("expire_after")
    return Needed(
        token=token,
        expires_seconds=float(min(expires, _LONGEST)) if isinstance(expires, int | float) and expires > 0 else 540.0,
        challenge=_challenge(requirements, captured),
        headers=headers,
    )


def solve(
    challenge: Challenge, *, max_attempts: int = MOST_ATTEMPTS, stopped: Callable[[], bool] = lambda: False
) -> str:
    """The proof token: the first attempt that satisfies the difficulty. Blocking; run it in a worker thread.

    Args:
        stopped: asked now and then; when it says so, the search ends as unsolved.

    Raises:
        BrowserCheckRequiredError: no attempt of `max_attempts` does. Nothing is ever sent in its place.
    """
    config = list(challenge.config)
    head = (
        json.dumps(config[:3], ensure_ascii=False, separators=(",", ":"))[:-1].encode("utf-8", "surrogatepass") + b","
    )
    tail = b"," + json.dumps(config[4:], ensure_ascii=False, separators=(",", ":"))[1:].encode("utf-8", "surrogatepass")
    if len(config) == 4:
        tail = b"]"
    seeded = hashlib.sha3_512(challenge.seed.encode("utf-8", "surrogatepass"))
    digits = len(challenge.difficulty)
    for attempt in range(max_attempts):
        if attempt % _LOOK_EVERY == 0 and stopped():
            break
        encoded = base64.b64encode(head + str(attempt).encode() + tail)
        hashed = seeded.copy()
        hashed.update(encoded)
        if hashed.hexdigest()[:digits] <= challenge.difficulty:
            return _PREFIX + encoded.decode()
    raise _stop("proof_unsolved", "The proof of work could not be found")


def _challenge(requirements: Mapping[str, Any], captured: Mapping[str, str]) -> Challenge | None:
    if not _required(requirements, "proofofwork"):
        return None
    work = requirements["proofofwork"]
    seed, difficulty = work.get("seed"), work.get("difficulty")
    config = decode_config(captured.get("openai-sentinel-proof-token"))
    if config is None:
        raise _stop("proof_config_missing", "Upstream requires a proof of work and the capture has no configuration")
    if not (isinstance(seed, str) and seed and isinstance(difficulty, str) and _HEX.match(difficulty)):
        raise _stop("challenge_malformed", "Upstream's proof challenge is unreadable")
    return Challenge(seed, difficulty, config)


def _required(requirements: Mapping[str, Any], kind: str) -> bool:
    value = requirements.get(kind)
    return isinstance(value, dict) and bool(value.get("required"))


def _stop(reason: str, what: str) -> BrowserCheckRequiredError:
    return BrowserCheckRequiredError(f"{what}: {_REFRESH}.", reason=reason)
