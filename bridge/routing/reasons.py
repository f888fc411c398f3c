"""Why an account was passed over, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from core.contracts.operations import SkippedAccount
from core.contracts.routing import Strategy

_WORDS: Mapping[str, str] = {
    "account_not_configured": "it is not in the pool, or has no capture",
    "capture_unreadable": "its capture cannot be decrypted",
    "capture_rejected": "its capture lacks what is needed",
    "internal_error": "its capture could not be examined",
    "paused": "the operator paused it",
    "draining": "the operator lets it finish what it has begun",
    "auth_expired": "its login has expired: refresh its capture",
    "challenge": "upstream asks for a person: refresh its capture",
    "blocked": "upstream has deactivated it",
    "unsupported_model": "its plan does not offer the model",
    "burst": "upstream told it to slow down",
    "rate_window": "its messages for this while are used up",
    "account_busy": "upstream is still busy with another message of it",
    "forbidden": "upstream refused it without a reason",
    "model_limit": "its limit for this model is reached",
    "feature_limit": "upstream refused this feature to it",
    "quota_exhausted": "its quota for this is used up",
    "trying_again": "another request tries whether upstream takes its requests again",
    "switched_off": "it has no slots for such work",
    "busy": "all its slots for such work are taken",
    "not_the_sticky_one": "the strategy never changes the account",
    "already_tried": "it has failed at this request",
}


def words(reason: str) -> str:
    """A reason as the end of a sentence about an account."""
    return _WORDS.get(reason, reason.replace("_", " "))


def sentence(skip: SkippedAccount, now: datetime) -> str:
    """`plus: its quota for this is used up (quota_exhausted, again in 2 h 5 min)`."""
    again = "" if skip.until is None else f", again in {lasting((skip.until - now).total_seconds())}"
    return f"{skip.account or 'the pool'}: {words(skip.reason)} ({skip.reason}{again})"


def header(strategy: Strategy | None, skipped: Sequence[SkippedAccount], *, affine: bool) -> str:
    """A choice as the value of a header: `auto; passed=free:busy,go:burst`. At most twenty accounts are named."""
    parts = [(strategy or Strategy.AUTO).value]
    if affine:
        parts.append("affinity")
    if skipped:
        parts.append("passed=" + ",".join(f"{skip.account}:{skip.reason}" for skip in skipped[:20]))
    return "; ".join(parts)


def lasting(seconds: float) -> str:
    """A time as people say it: `40 s`, `12 min`, `2 h 5 min`, `3 d 4 h`."""
    left = max(round(seconds), 1)
    for size, name, smaller, smaller_name in ((86_400, "d", 3600, "h"), (3600, "h", 60, "min")):
        if left >= size:
            rest = left % size // smaller
            return f"{left // size} {name}" + (f" {rest} {smaller_name}" if rest else "")
    return f"{left // 60} min" if left >= 120 else f"{left} s"
