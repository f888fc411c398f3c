"""How an account stands, why, and what its operator should do about it (docs/accounts.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Literal

from bridge.accounts.account import TROUBLES, Account, AccountState, Health
from core.errors import error_class

State = Literal["ok", "cooling", "quarantined", "unusable"]

_UPDATE = "Send one message in the browser, copy that request and give it to `chatgpt-api account update {alias}`."
_KEY = "Start with the passphrase or key file that it is encrypted with. Else: " + _UPDATE

_ADVICE: Mapping[str, str] = MappingProxyType(
    {
        "ok": "Nothing.",
        "auth_expired": f"The login of the capture has ended. {_UPDATE}",
        "challenge": f"ChatGPT wants to see a person. Open it in the browser and do what it asks. {_UPDATE}",
        "blocked": "ChatGPT has closed or limited the account. Sign in in a browser and read what it says there. Once "
        "it works again, `chatgpt-api account check {alias} --again` asks ChatGPT and takes it back.",
        "rate_window": "The plan's allowance is used up. It comes back by itself at the time shown.",
        "burst": "Too much was asked in a short time. The account rests until the time shown, and goes on by itself.",
        "account_busy": "ChatGPT was busy with another message of the account. It rests until the time shown, and goes "
        "on by itself.",
        "forbidden": "ChatGPT refused the account without a reason. It rests until the time shown. If that happens "
        "again, see in a browser whether it may do this.",
        "shape_changed": "ChatGPT answers in a way the bridge does not know. Update the bridge; the account is fine.",
        "transport": "ChatGPT could not be reached. Check this machine's network; the account is fine.",
        "account_not_configured": "There is no capture. Add the account with `chatgpt-api account add {alias}`.",
        "capture_unreadable": f"The capture does not open. {_KEY}",
        "capture_rejected": f"The capture lacks what the bridge needs. {_UPDATE}",
    }
)
"""What to do, by cause."""

_CAUSES: Mapping[str, str] = MappingProxyType(
    {
        **TROUBLES,
        "rate_limited": "burst",
        "model_limit": "rate_window",
        "feature_limit": "rate_window",
        "auth_invalid": "auth_expired",
        "account_disabled": "blocked",
        "browser_check_required": "challenge",
    }
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How an account stands.

    Attributes:
        cause: in one word, or the code of an error.
        until: when it passes by itself, where it does.
        what_to_do: one sentence, or a few.
    """

    state: State
    cause: str
    detail: str
    until: datetime | None
    what_to_do: str


def cause_of(code: str) -> str:
    """The cause that stands behind an error's code; the code itself where it has no other name."""
    return _CAUSES.get(code, code)


def advice(cause: str, alias: str) -> str:
    """What the operator should do about a cause, or about an error's code, of an account."""
    known = _ADVICE.get(cause_of(cause))
    if known is not None:
        return known.format(alias=alias)
    error = error_class(cause)
    return error.action if error is not None else "Read the log of the bridge."


def standing(account: Account, now: datetime) -> Standing:
    """How an account stands at a moment: what keeps it from serving for good comes before what passes."""
    memory, alias = account.memory, account.alias
    if account.error is not None:
        return _standing(alias, "unusable", account.error.code, account.error.message)
    if account.token_expires_at is not None and account.token_expires_at <= now:
        ended = f"The capture's token expired at {account.token_expires_at:%Y-%m-%d %H:%M} UTC."
        return _standing(alias, "quarantined", Health.AUTH_EXPIRED.value, ended)
    if account.health is not Health.OK:
        return _standing(alias, "quarantined", account.health.value, memory.health_detail)
    cooling = account.cooldown
    if cooling is not None and not cooling.over(now):
        return _standing(alias, "cooling", cooling.reason, cooling.evidence, cooling.until)
    found = _standing(alias, "ok", account.cause(now), _said(account))
    if account.state is AccountState.ENABLED:
        return found
    return replace(found, what_to_do=f"`chatgpt-api account resume {alias}` gives it work again.")


def _said(account: Account) -> str:
    """An account in order that gets no work all the same."""
    if account.state is AccountState.ENABLED:
        return ""
    reason = account.memory.state_reason
    return f"It is {account.state.value}" + (f": {reason}" if reason else ".")


def _standing(alias: str, state: State, cause: str, detail: str, until: datetime | None = None) -> Standing:
    return Standing(state, cause_of(cause), detail, until, advice(cause, alias))
