"""What an answer or an error teaches about an account: the only writer of health, cooldowns and limits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bridge.accounts.account import TROUBLES, Account, Health, Memory
from bridge.accounts.cooldowns import ACCOUNT, Cooldown, Terms, begin, in_the_way, keep, limiting, remove
from bridge.accounts.events import happened
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
from core.redaction import redact_text

_log = get_logger(__name__)

QUARANTINES: dict[type[BridgeError], Health] = {
    BrowserCheckRequiredError: Health.CHALLENGE,
    AuthExpiredError: Health.AUTH_EXPIRED,
    AuthInvalidError: Health.AUTH_EXPIRED,
    AccountDisabledError: Health.BLOCKED,
}
"""What upstream says to an account that somebody has to look after."""

_MINUTE, _QUARTER = timedelta(minutes=1), timedelta(minutes=15)
_BURST = Terms("burst", guess=_MINUTE, longest_guess=_QUARTER, cap=_QUARTER)
_WINDOW = Terms("rate_window", guess=_QUARTER, longest_guess=timedelta(hours=6), cap=timedelta(days=8))
_COOLDOWNS: dict[type[BridgeError], Terms] = {
    RateLimitedError: _BURST,
    AccountBusyError: Terms("account_busy", guess=_MINUTE, longest_guess=_QUARTER, cap=_QUARTER),
    ForbiddenError: Terms("forbidden", guess=_MINUTE, longest_guess=timedelta(hours=1), cap=timedelta(hours=1)),
}
_SIX_HOURS = timedelta(hours=6)
_LIMITS: dict[type[BridgeError], tuple[str, Terms]] = {
    ModelLimitError: ("model:", Terms("model_limit", _QUARTER, _SIX_HOURS, cap=timedelta(days=8))),
    FeatureLimitError: ("bucket:", Terms("feature_limit", _QUARTER, _SIX_HOURS, cap=timedelta(days=32))),
}
"""Which scopes a used-up model or feature concerns: it says nothing about the account's other work."""

_LONGEST_WORDS = 300
_LESSONS = (*QUARANTINES, *_COOLDOWNS, *_LIMITS)
_OFTEN = timedelta(seconds=60)
"""How often a success of a healthy account, or a failure that teaches nothing lasting, is written down."""


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
        self._written: dict[tuple[str, str | None], datetime] = {}

    async def report(self, alias: str, error: BridgeError | None, attempt: Attempt | None = None) -> None:
        """Learn from the outcome of one use of an account; `None` is a success.

        Without `attempt` the outcome counts as that of the capture that is there now, begun now. An account that the
        registry's last snapshot does not show is gone, and nothing is remembered of it; nor is it of a capture that was
        replaced meanwhile, perhaps by another login's.

        Raises:
            StoreError: nothing was remembered.
        """
        account = self._registry.known(alias)
        if account is None:
            return
        now = utc_now()
        attempt = attempt or Attempt(began=now, capture_sha256=account.capture_sha256)
        if attempt.capture_sha256 != account.capture_sha256 or not self._teaches(account, error, now):
            return

        def work(conn: Transaction) -> bool:
            before = recall_one(conn, alias)
            lesson = _lesson(before, error, attempt, now)
            if lesson is None:
                return False
            remember(conn, alias, now, last_used_at=now, **lesson.values)
            _write(conn, alias, before, lesson, now)
            if lesson.matters:
                bump(conn)
            return lesson.matters

        if await self._store.write(work):
            self._registry.changed()
            _log.info("account_outcome", account=alias, code=error.code if error else "success")

    def _teaches(self, account: Account, error: BridgeError | None, now: datetime) -> bool:
        """Whether the outcome is worth a transaction."""
        if isinstance(error, _LESSONS):
            return True
        if error is not None and error.code not in TROUBLES:
            return False
        seen = (account.alias, None if error is None else error.code)
        last = self._written.get(seen)
        troubled = error is None and (account.memory.cooldowns or account.cause(now) in TROUBLES.values())
        if not troubled and last and now - last < _OFTEN:
            return False
        self._written[seen] = now
        return True


def evidence(error: BridgeError) -> str:
    """What an error says that is learnt from: ours, and upstream's status and own words, redacted and bounded."""
    status = "" if error.upstream_status is None else f"HTTP {error.upstream_status}"
    words = " ".join(redact_text(error.upstream_text or "").split())[:_LONGEST_WORDS]
    told = ": ".join(part for part in (status, words) if part)
    return f"{error.message} ({told})" if told else error.message


@dataclass(frozen=True, slots=True)
class _Lesson:
    """What is to be written: columns of the account's row, cooldowns that begin and scopes of those that end."""

    values: Mapping[str, object]
    begins: Sequence[Cooldown] = ()
    ends: Sequence[str] = ()
    matters: bool = True


def _lesson(before: Memory, error: BridgeError | None, attempt: Attempt, now: datetime) -> _Lesson | None:
    """`None` when the outcome is older than what is known."""
    if error is None:
        return _after_success(before, attempt, now)
    health = QUARANTINES.get(type(error))
    if health is not None:
        known = {"health": health.value, "health_detail": evidence(error), "capture_sha256": attempt.capture_sha256}
        return _Lesson(known if before.health is health else {**known, "health_since": now})
    begins = _cooldowns(before, error, attempt, now)
    if begins:
        return _Lesson({}, begins=begins)
    if error.code in TROUBLES:
        return _Lesson({"last_failure": error.code, "last_failure_at": now})
    return None


def _cooldowns(before: Memory, error: BridgeError, attempt: Attempt, now: datetime) -> list[Cooldown]:
    told = error.retry_after_seconds
    terms = _COOLDOWNS.get(type(error))
    if terms is not None:
        if terms is _BURST and told is not None and told > _QUARTER.total_seconds():
            # Nobody who wants a client to slow down sends it away for that long: a whole window is used up.
            terms = _WINDOW
        scopes = [ACCOUNT]
    elif type(error) in _LIMITS:
        kind, terms = _LIMITS[type(error)]
        scopes = [scope for scope in limiting(attempt.slug, attempt.buckets) if scope.startswith(kind)]
    else:
        return []
    return [
        begin(before.cooldowns.get(scope), scope, terms, told_seconds=told, evidence=evidence(error), now=now)
        for scope in scopes
    ]


def _after_success(before: Memory, attempt: Attempt, now: datetime) -> _Lesson:
    """Only what began after a cooldown did disproves it."""
    met = in_the_way(before.cooldowns, limiting(attempt.slug, attempt.buckets))
    ends = [cooldown.scope for cooldown in met if cooldown.since < attempt.began]
    troubled = before.last_failure_at is not None and (
        before.last_success_at is None or before.last_success_at < before.last_failure_at
    )
    return _Lesson({"last_success_at": now}, ends=ends, matters=bool(ends) or troubled)


def _write(conn: Transaction, alias: str, before: Memory, lesson: _Lesson, now: datetime) -> None:
    for cooldown in lesson.begins:
        keep(conn, alias, cooldown)
        told = {name: getattr(cooldown, name) for name in ("scope", "reason", "source", "evidence", "until")}
        happened(conn, alias, "cooldown.began", now, **told)
    if lesson.ends:
        remove(conn, alias, lesson.ends)
        happened(conn, alias, "cooldown.ended", now, scopes=list(lesson.ends), by="success")
    if "health_since" in lesson.values:
        happened(conn, alias, "health.changed", now, before=before.health.value, after=lesson.values["health"])
