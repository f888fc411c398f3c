"""What an answer or an error teaches about an account: the only writer of health, cooldowns and limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.accounts.account import Account, Health, Memory
from bridge.accounts.leases import Transaction
from bridge.accounts.memory import bump, recall_one, remember
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import (
    AccountBusyError,
    AccountDisabledError,
    AuthExpiredError,
    AuthInvalidError,
    BridgeError,
    BrowserCheckRequiredError,
    FeatureLimitError,
    ForbiddenError,
    ModelLimitError,
    RateLimitedError,
)
from core.logging import get_logger

_log = get_logger(__name__)

_QUARANTINES: dict[type[BridgeError], Health] = {
    BrowserCheckRequiredError: Health.CHALLENGE,
    AuthExpiredError: Health.AUTH_EXPIRED,
    AuthInvalidError: Health.AUTH_EXPIRED,
    AccountDisabledError: Health.BLOCKED,
}
_COOLDOWNS: tuple[type[BridgeError], ...] = (RateLimitedError, AccountBusyError, ForbiddenError)
_LESSONS = (*_QUARANTINES, *_COOLDOWNS, ModelLimitError, FeatureLimitError)
_COOLDOWN = timedelta(seconds=60)
_LONGEST_COOLDOWN = timedelta(minutes=15)
_LIMIT = timedelta(minutes=15)
_LONGEST_LIMIT = timedelta(hours=6)
_SUCCESS_EVERY = timedelta(seconds=60)
"""How often a success of a healthy account is written down."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """What the account was used for, so that an outcome is held against the right thing.

    Attributes:
        began: an outcome is newer evidence than what was learnt before this.
        capture_sha256: the capture that was used; an outcome of a replaced one teaches nothing of the new.
        slug, buckets: what was asked for.
    """

    began: datetime
    capture_sha256: str
    slug: str = "auto"
    buckets: Sequence[Bucket] = ()


class Outcomes:
    """Remembers outcomes. Cooldowns and limits are guesses with an end; a quarantine holds until a new capture."""

    def __init__(self, store: Store, registry: Registry) -> None:
        self._store = store
        self._registry = registry
        self._succeeded: dict[str, datetime] = {}

    async def report(self, alias: str, error: BridgeError | None, attempt: Attempt | None = None) -> None:
        """Learn from the outcome of one use of an account; `None` is a success.

        Without `attempt` the outcome counts as that of the capture that is there now, begun now. An account that the
        registry's last snapshot does not show is gone, and nothing is remembered of it.

        Raises:
            StoreError: nothing was remembered.
        """
        account = self._registry.known(alias)
        if account is None:
            return
        now = utc_now()
        attempt = attempt or Attempt(began=now, capture_sha256=account.capture_sha256)
        if not self._teaches(account, error, now):
            return

        def work(conn: Transaction) -> bool:
            values = _lesson(recall_one(conn, alias), error, attempt, now)
            if values:
                remember(conn, alias, now, **values)
            changed = bool(values.keys() - {"last_success_at"})
            if changed:
                bump(conn)
            return changed

        if await self._store.write(work):
            self._registry.changed()
            _log.info("account_outcome", account=alias, code=error.code if error else "success")

    def _teaches(self, account: Account, error: BridgeError | None, now: datetime) -> bool:
        """Whether the outcome is worth a transaction: a healthy account's success is written once a minute."""
        if error is not None:
            return isinstance(error, _LESSONS)
        last = self._succeeded.get(account.alias)
        if (
            account.memory.cooldown_until is None
            and not account.memory.limited
            and last
            and now - last < _SUCCESS_EVERY
        ):
            return False
        self._succeeded[account.alias] = now
        return True


def _lesson(before: Memory, error: BridgeError | None, attempt: Attempt, now: datetime) -> dict[str, object]:
    """The columns to set; none when the outcome is older than what is known."""
    if error is None:
        return _after_success(before, attempt, now)
    health = _QUARANTINES.get(type(error))
    if health is not None:
        return {
            "health": health.value,
            "health_detail": error.message,
            "health_since": now,
            "capture_sha256": attempt.capture_sha256,
        }
    if isinstance(error, _COOLDOWNS):
        return _cooldown(before, error, now)
    return _limit(before, error, attempt, now)


def _after_success(before: Memory, attempt: Attempt, now: datetime) -> dict[str, object]:
    values: dict[str, object] = {"last_success_at": now}
    if before.cooldown_since is not None and before.cooldown_since < attempt.began:
        values |= {"cooldown_since": None, "cooldown_until": None, "cooldown_reason": ""}
    used = _limited_by(attempt)
    left = {what: until for what, until in before.limited.items() if until > now and what not in used}
    if left != before.limited:
        values["limited"] = left
    return values


def _cooldown(before: Memory, error: BridgeError, now: datetime) -> dict[str, object]:
    until = now + _seconds(error, _COOLDOWN, _LONGEST_COOLDOWN)
    if before.cooldown_until is not None and before.cooldown_until > until:
        return {}
    return {"cooldown_since": now, "cooldown_until": until, "cooldown_reason": error.code}


def _limit(before: Memory, error: BridgeError, attempt: Attempt, now: datetime) -> dict[str, object]:
    """A model or a feature that is used up says nothing about the account's other work."""
    kind = "model:" if isinstance(error, ModelLimitError) else "bucket:"
    limited = [what for what in _limited_by(attempt) if what.startswith(kind)]
    if not limited:
        return {}
    until = now + _seconds(error, _LIMIT, _LONGEST_LIMIT)
    return {"limited": {**before.limited, **dict.fromkeys(limited, until)}}


def _limited_by(attempt: Attempt) -> list[str]:
    """The limits that stand in an attempt's way. `auto` picks another model and chat itself has no quota."""
    models = [] if attempt.slug == "auto" else [f"model:{attempt.slug}"]
    return models + [f"bucket:{bucket.value}" for bucket in attempt.buckets if bucket is not Bucket.CHAT]


def _seconds(error: BridgeError, default: timedelta, longest: timedelta) -> timedelta:
    if error.retry_after_seconds is None:
        return default
    return min(timedelta(seconds=max(error.retry_after_seconds, 1)), longest)
