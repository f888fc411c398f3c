"""Why an account is passed over: the reasons, and each of them in words; every place that tells of one uses these."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from core.contracts.operations import SkippedAccount
from core.contracts.quota import QuotaFact
from core.contracts.routing import Strategy

BUSY = "busy"
"""It could serve, were its slots not taken."""

TRYING = "trying_again"
"""Its cooldown has ended, and another request is trying it out."""

UNSUPPORTED = "unsupported_model"
"""Its plan does not offer the model."""

UNSUPPORTED_EFFORT = "unsupported_effort"
"""Its plan offers the model, and not the thinking effort."""

SWITCHED_OFF = "switched_off"
"""It has no slots at all for such work."""

EXHAUSTED = "quota_exhausted"
"""It is known to have too little left of what the request takes."""

NOT_CONFIGURED = "account_not_configured"
"""It is not there."""

ALREADY_TRIED = "already_tried"
"""It failed at this request."""

NOT_STICKY = "not_the_sticky_one"
"""The strategy never changes the account, and this is another one."""

NOT_CHOSEN = "not_chosen"
"""The request names other accounts."""

NOT_ALLOWED = "not_allowed"
"""The API key may use other accounts only."""

NOT_IN_POOL = "not_in_pool"
"""There is a capture of it, and the configured pool does not name it."""

_WORDS: Mapping[str, str] = {
    NOT_CONFIGURED: "there is no capture of it",
    "capture_unreadable": "its capture cannot be decrypted",
    "capture_rejected": "its capture lacks what is needed",
    "internal_error": "its capture could not be examined",
    "paused": "the operator paused it",
    "draining": "the operator lets it finish what it has begun",
    "auth_expired": "its login has expired: refresh its capture",
    "challenge": "upstream asks for a person: refresh its capture",
    "blocked": "upstream has deactivated it",
    UNSUPPORTED: "its plan does not offer the model",
    UNSUPPORTED_EFFORT: "its plan does not offer the model with this thinking effort",
    "burst": "upstream told it to slow down",
    "rate_window": "its messages for this while are used up",
    "account_busy": "upstream is still busy with another message of it",
    "forbidden": "upstream refused it without a reason",
    "model_limit": "its limit for this model is reached",
    "feature_limit": "upstream refused this feature to it",
    EXHAUSTED: "its quota for this is used up",
    TRYING: "another request tries whether upstream takes its requests again",
    SWITCHED_OFF: "it has no slots for such work",
    BUSY: "all its slots for such work are taken",
    NOT_STICKY: "the strategy never changes the account",
    ALREADY_TRIED: "it has failed at this request",
    NOT_CHOSEN: "the request names other accounts",
    NOT_ALLOWED: "the API key may not use it",
    NOT_IN_POOL: "CHATGPT_ACCOUNTS does not name it",
}

_FEATURES: Mapping[str, tuple[str, str]] = {
    "file_upload": ("upload", "uploads"),
    "image_gen": ("picture", "pictures"),
    "deep_research": ("research", "researches"),
    "paste_text_to_file": ("pasted file", "pasted files"),
}
"""What one of a feature is called, and several of it."""

_NO_ACCOUNT = "there is no account"


def skipped(alias: str, reason: str, until: datetime | None = None, text: str = "") -> SkippedAccount:
    """An account that is passed over; the words are the reason's own where none are given."""
    return SkippedAccount(account=alias, reason=reason, until=until, text=text or words(reason))


def words(reason: str) -> str:
    """A reason as the end of a sentence about an account."""
    return _WORDS.get(reason, reason.replace("_", " "))


def clause(skip: SkippedAccount) -> str:
    """Why, with what is known of it, as the end of a sentence about the account."""
    if not skip.account:
        return _NO_ACCOUNT
    return skip.text or words(skip.reason)


def sentence(skip: SkippedAccount, now: datetime) -> str:
    """`plus: it has 1 upload left, and this needs 3 (quota_exhausted, again in 2 h 5 min)`."""
    if not skip.account:
        return _NO_ACCOUNT
    return f"{skip.account}: {clause(skip)} ({skip.reason}{again_in(skip.until, now)})"


def again_in(until: datetime | None, now: datetime) -> str:
    """How much longer a reason holds, with a comma before it; empty where nobody knows."""
    return "" if until is None else f", again in {lasting((until - now).total_seconds())}"


def too_little(fact: QuotaFact) -> str:
    """Why a quota does not suffice: `it has 1 upload left, and this needs 3`."""
    one, several = _FEATURES.get(fact.feature or "", ("of its quota", "of its quota"))
    if fact.blocked:
        return f"upstream has blocked its {several}"
    if not fact.remaining:
        return f"it has no {several} left"
    needs = "" if fact.needed is None else f", and this needs {number(fact.needed)}"
    return f"it has {number(fact.remaining)} {one if fact.remaining == 1 else several} left{needs}"


def enough(fact: QuotaFact) -> str:
    """What is known of a quota that does not stand in the way."""
    one, several = _FEATURES.get(fact.feature or "", ("of its quota", "of its quota"))
    if fact.status == "unknown":
        return f"how many {several} it has left is not known" if fact.feature else "its quota is not known"
    if fact.remaining is None:
        return "its quota is known to suffice"
    return f"{number(fact.remaining)} {f'{one} is' if fact.remaining == 1 else f'{several} are'} left"


def header(
    strategy: Strategy | None,
    passed: Sequence[SkippedAccount],
    *,
    affine: bool = False,
    tried: Mapping[str, str] | None = None,
) -> str:
    """A choice as the value of a header: `auto; tried=free:rate_limited; passed=go:busy,plus:burst`.

    At most twenty accounts of each kind are named.

    Args:
        tried: by account, the code of the error that it failed with at this request.
    """
    causes = {alias: code for alias, code in (tried or {}).items() if code}
    parts = [(strategy or Strategy.AUTO).value]
    if affine:
        parts.append("affinity")
    if causes:
        parts.append("tried=" + ",".join(f"{alias}:{code}" for alias, code in [*causes.items()][:20]))
    others = [skip for skip in passed if skip.account and skip.account not in causes]
    if others:
        parts.append("passed=" + ",".join(f"{skip.account}:{skip.reason}" for skip in others[:20]))
    return "; ".join(parts)


def number(value: float) -> str:
    """A number as people write it: `5`, `2.5`, `1000000`."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def lasting(seconds: float) -> str:
    """A time as people say it, rounded up: `40 s`, `12 min`, `2 h 5 min`, `3 d 4 h`."""
    left = max(math.ceil(seconds), 1)
    if left < 120:
        return f"{left} s"
    minutes = math.ceil(left / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return _two(minutes, 60, "h", "min")
    return _two(math.ceil(minutes / 60), 24, "d", "h")


def _two(small: int, size: int, big_name: str, small_name: str) -> str:
    big, rest = divmod(small, size)
    return f"{big} {big_name}" + (f" {rest} {small_name}" if rest else "")
