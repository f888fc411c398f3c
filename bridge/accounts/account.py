"""An account as routing sees it: its capture, its limits and what is remembered of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from bridge.accounts.buckets import BucketLimits, SavedLimits
from bridge.accounts.cooldowns import ACCOUNT, Cooldown
from core.contracts.buckets import Bucket
from core.contracts.quota import QuotaFact
from core.errors import AuthExpiredError, BridgeError
from provider.interface.accounts import Capabilities

Judge: TypeAlias = Callable[[str, Mapping[str, int]], QuotaFact]
"""Whether an account has enough left of how much of which feature."""

_PLENTY = QuotaFact(status="sufficient")
_UNKNOWN = QuotaFact(status="unknown")


TROUBLES: Mapping[str, str] = {
    "protocol_error": "shape_changed",
    "bad_request": "shape_changed",
    "upstream_error": "transport",
    "upstream_unavailable": "transport",
    "upstream_timeout": "transport",
    "stream_interrupted": "transport",
}
"""What an error's code says about the way to upstream, where it says nothing about the account."""


class Health(StrEnum):
    """Whether an account may be used; every value but `ok` holds until the account's capture changes."""

    OK = "ok"
    AUTH_EXPIRED = "auth_expired"
    CHALLENGE = "challenge"
    BLOCKED = "blocked"


class AccountState(StrEnum):
    """What the operator wants of an account."""

    ENABLED = "enabled"
    PAUSED = "paused"
    """It gets no work, and nothing is asked of upstream with it."""
    DRAINING = "draining"
    """What it has begun it finishes; nothing new begins on it."""


@dataclass(frozen=True, slots=True)
class Memory:
    """What the database remembers of an account; the fields are those of its row, and its cooldowns by scope."""

    capture_sha256: str | None = None
    state: AccountState = AccountState.ENABLED
    state_reason: str = ""
    weight: int | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    captured_at: datetime | None = None
    last_used_at: datetime | None = None
    last_success_at: datetime | None = None
    last_failure: str | None = None
    last_failure_at: datetime | None = None
    health: Health = Health.OK
    health_detail: str = ""
    cooldowns: Mapping[str, Cooldown] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """One account of the pool, at one moment.

    Attributes:
        plan: lower-case, `None` when the token does not say.
        capabilities: what the plan allows; without models when the capture is not usable.
        email: masked.
        token_expires_at: end of the capture's bearer token, `None` when it does not say.
        token_issued_at: when that token was made, `None` when it does not say.
        cookies_expire_at: end of the session's cookies, `None` when the capture does not say.
        capture_sha256: of the capture's text; empty when there is none that can be read.
        limits: slots of each bucket; 0 means switched off.
        sizes: what the limits are worked out from, `None` where they are what they are.
        error: why the capture is not usable, `None` when it is.
        memory: as the database has it; about another capture where the SHA-256 differ.
        judge: what knows the quota, `None` where nobody does.
    """

    alias: str
    plan: str | None = None
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(plan=None, models=(), efforts={}))
    email: str | None = None
    token_expires_at: datetime | None = None
    capture_sha256: str = ""
    limits: Mapping[Bucket, int] = field(default_factory=dict)
    error: BridgeError | None = None
    memory: Memory = field(default_factory=Memory)
    sizes: BucketLimits | None = None
    judge: Judge | None = None
    token_issued_at: datetime | None = None
    cookies_expire_at: datetime | None = None

    @property
    def state(self) -> AccountState:
        """What the operator wants of it."""
        return self.memory.state

    @property
    def health(self) -> Health:
        """The health of the capture that is there now: what was learnt of an older one does not count."""
        return self.memory.health if self.memory.capture_sha256 == self.capture_sha256 else Health.OK

    def quarantined(self, now: datetime) -> Health | None:
        """Why nothing may be sent with it until its capture is refreshed, `None` when it may."""
        if self.health is not Health.OK:
            return self.health
        ended = self.token_expires_at is not None and self.token_expires_at <= now
        return Health.AUTH_EXPIRED if ended or isinstance(self.error, AuthExpiredError) else None

    def askable(self, now: datetime) -> bool:
        """Whether upstream may be asked for its limits: nothing is sent for one that somebody has to look after."""
        if self.error is not None or self.state is AccountState.PAUSED or self.quarantined(now) is not None:
            return False
        return self.cooldown is None or self.cooldown.over(now)

    def cause(self, now: datetime) -> str:
        """What is wrong with it, in one word; `ok` for nothing.

        A quarantine's health, else the reason of a cooldown of everything, else what troubled the last request where
        nothing went well since: `shape_changed` or `transport`, which keep nobody from trying.
        """
        if self.error is not None:
            return self.error.code
        quarantine = self.quarantined(now)
        if quarantine is not None:
            return quarantine.value
        if self.cooldown is not None and not self.cooldown.over(now):
            return self.cooldown.reason
        failed, succeeded = self.memory.last_failure_at, self.memory.last_success_at
        if failed is not None and (succeeded is None or succeeded < failed):
            return TROUBLES.get(self.memory.last_failure or "", "ok")
        return "ok"

    @property
    def cooldown(self) -> Cooldown | None:
        """What stands in the way of everything, or did until nothing has disproved it; `None` without."""
        return self.memory.cooldowns.get(ACCOUNT)

    def slots(self, bucket: Bucket) -> int:
        """How many of the bucket's slots may be taken."""
        return self.limits.get(bucket, 1)

    def quota(self, features: Mapping[str, int]) -> QuotaFact:
        """Whether enough is left of what a request takes, by all that is known; looks nothing up outside."""
        if not features:
            return _PLENTY
        return _UNKNOWN if self.judge is None else self.judge(self.alias, features)

    def remembering(self, memory: Memory | None, saved: SavedLimits | None = None) -> Account:
        """The same account with what the database says now; `saved` are the slots that the operator saved."""
        memory = memory or Memory()
        if self.sizes is None or saved is None:
            return replace(self, memory=memory)
        return replace(self, memory=memory, limits=self.sizes.saving(saved).of_account(self.alias, self.plan))
