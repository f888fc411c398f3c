"""An account as routing sees it: its capture, its limits and what is remembered of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum

from bridge.accounts.buckets import BucketLimits, SavedLimits
from core.contracts.buckets import Bucket
from core.errors import BridgeError
from provider.interface.accounts import Capabilities


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
    """What the database remembers of an account; the fields are those of its row.

    `limited` maps `model:<slug>` or `bucket:<bucket>` to the time from which it may be asked for again.
    """

    capture_sha256: str | None = None
    state: AccountState = AccountState.ENABLED
    state_reason: str = ""
    weight: int | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    captured_at: datetime | None = None
    last_used_at: datetime | None = None
    last_success_at: datetime | None = None
    health: Health = Health.OK
    health_detail: str = ""
    cooldown_since: datetime | None = None
    cooldown_until: datetime | None = None
    cooldown_reason: str = ""
    limited: Mapping[str, datetime] = field(default_factory=dict)


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

    @property
    def cooldown_until(self) -> datetime | None:
        """When the last cooldown ends or ended; `None` once the account has answered again."""
        return self.memory.cooldown_until

    def slots(self, bucket: Bucket) -> int:
        """How many of the bucket's slots may be taken.

        After a cooldown that nothing has disproved yet one request at a time is let through, to see.
        """
        limit = self.limits.get(bucket, 1)
        return min(limit, 1) if self.memory.cooldown_until is not None else limit

    def remembering(self, memory: Memory | None, saved: SavedLimits | None = None) -> Account:
        """The same account with what the database says now; `saved` are the slots that the operator saved."""
        memory = memory or Memory()
        if self.sizes is None or saved is None:
            return replace(self, memory=memory)
        return replace(self, memory=memory, limits=self.sizes.saving(saved).of_account(self.alias, self.plan))
