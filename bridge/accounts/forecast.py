"""How long an account's capture will last, as far as it says so itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Literal

from bridge.accounts.account import Account, Health


class Stage(StrEnum):
    """How near the end is. With one capture it only ever moves down this list, `unknown` aside."""

    FINE = "fine"
    WEEK = "week"
    DAYS = "days"
    HOURS = "hours"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    """Nothing says when the capture ends."""

    @property
    def warns(self) -> bool:
        """Whether the operator has to hear of it."""
        return self in _WARNS

    @property
    def rank(self) -> int:
        """Grows towards the end; `unknown` is as far from it as `fine`."""
        return _WARNS.index(self) + 1 if self in _WARNS else 0


_WARNS = (Stage.WEEK, Stage.DAYS, Stage.HOURS, Stage.EXPIRED)
_WITHIN: Mapping[Stage, timedelta] = {
    Stage.EXPIRED: timedelta(0),
    Stage.HOURS: timedelta(hours=12),
    Stage.DAYS: timedelta(days=2),
    Stage.WEEK: timedelta(days=7),
}


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is foretold of an account at one moment.

    Attributes:
        account: the alias.
        expires_at: the earliest known end, aware UTC; `None` when none is known.
        expires_by: what ends first.
        capture_age: since the capture was stored, or its token made; `None` when neither is known.
        message: one sentence that says what to do, and until when.
    """

    account: str
    stage: Stage
    expires_at: datetime | None
    expires_by: Literal["token", "cookies"] | None
    capture_age: timedelta | None
    message: str

    def shown(self) -> dict[str, Any]:
        """The forecast as JSON has it; times are seconds since 1970."""
        return {
            "stage": self.stage.value,
            "expires_at": None if self.expires_at is None else self.expires_at.timestamp(),
            "expires_by": self.expires_by,
            "capture_age_seconds": None if self.capture_age is None else self.capture_age.total_seconds(),
            "message": self.message,
        }


def forecast(account: Account, now: datetime) -> Forecast:
    """What can be foretold of an account at `now`, aware UTC; nothing is asked and nothing written."""
    ends: list[tuple[datetime, Literal["token", "cookies"]]] = []
    if account.token_expires_at is not None:
        ends.append((account.token_expires_at, "token"))
    if account.cookies_expire_at is not None:
        ends.append((account.cookies_expire_at, "cookies"))
    expires_at, expires_by = min(ends) if ends else (None, None)
    if account.health is Health.AUTH_EXPIRED:
        # What the capture says of its end was wrong.
        expires_at, expires_by = None, None
    stage = _stage(account, expires_at, now)
    return Forecast(
        account=account.alias,
        stage=stage,
        expires_at=expires_at,
        expires_by=expires_by,
        capture_age=_age(account, now),
        message=_message(account, stage, expires_at),
    )


def _stage(account: Account, expires_at: datetime | None, now: datetime) -> Stage:
    # Upstream knows better than the capture when a session is over.
    if account.health is Health.AUTH_EXPIRED:
        return Stage.EXPIRED
    if expires_at is None:
        return Stage.UNKNOWN
    left = expires_at - now
    return next((stage for stage, within in _WITHIN.items() if left <= within), Stage.FINE)


def _age(account: Account, now: datetime) -> timedelta | None:
    memory = account.memory
    stored = memory.captured_at if memory.capture_sha256 == account.capture_sha256 else None
    since = stored or account.token_issued_at
    return None if since is None else max(now - since, timedelta(0))


def _message(account: Account, stage: Stage, expires_at: datetime | None) -> str:
    until = f"{expires_at:%Y-%m-%d %H:%M} UTC" if expires_at is not None else ""
    replace = f"`chatgpt-api account update {account.alias}`"
    if account.health is not Health.OK:
        return f"Upstream takes this capture no more: see to the account in a browser, then replace it with {replace}."
    if stage is Stage.UNKNOWN and account.error is not None:
        return f"The capture cannot be used: replace it with {replace}."
    if stage is Stage.UNKNOWN:
        return f"The capture does not say when it ends: replace it with {replace} once the account stops answering."
    if stage is Stage.EXPIRED:
        return f"The capture ended at {until}: replace it now with {replace}."
    if stage is Stage.FINE:
        return f"Nothing to do: the capture lasts until {until}."
    return f"Replace the capture with {replace} before it ends at {until}."
