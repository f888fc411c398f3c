"""What is known of an account's quota at one moment, and what that means for a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from core.contracts.quota import QuotaFact
from provider.interface.accounts import FeatureQuota, Limits, ModelLimit

FEATURES = ("file_upload", "image_gen", "deep_research", "paste_text_to_file")
"""Every feature with a counter, by its canonical name (docs/protocol.md section 9)."""

Status = Literal["available", "exhausted", "blocked", "not_reported"]
ReadingSource = Literal["stream", "probe", "refusal", "countdown", "operator"]
"""Who said so: upstream beside an answer, when it was asked, or by refusing; the bridge, which counted what it took
since; or the operator, who doubts a refusal."""

_TRUST = timedelta(hours=24)
"""How long a counter without a reset is believed."""

_DOUBT = timedelta(minutes=15)
"""How long a feature counts as used up when nobody says when it resets."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What upstream said of one feature, and what was taken of it since.

    Attributes:
        remaining: as upstream said it, `None` when it did not.
        spent: what was taken after `at`, which upstream has not counted for us yet.
    """

    feature: str
    status: Status
    at: datetime
    source: ReadingSource
    remaining: float | None = None
    quota: float | None = None
    resets_at: datetime | None = None
    description: str | None = None
    spent: float = 0

    @property
    def left(self) -> float | None:
        """What is left by all that is known here, `None` when upstream never said."""
        return None if self.remaining is None else max(self.remaining - self.spent, 0)

    def judge(self, amount: float, now: datetime) -> QuotaFact:
        """Whether there is enough. What was reset since, or is too old, is unknown; unknown is never zero."""
        left, blocked = self.left, self.status == "blocked"
        unknown = _unknown(self.feature, amount)
        if self.resets_at is not None and self.resets_at <= now:
            return unknown
        if blocked or (left is not None and left < amount):
            until = self.resets_at or self.at + _DOUBT
            return self._fact("insufficient", amount, until, blocked) if until > now else unknown
        if left is None or (self.resets_at is None and self.at + _TRUST <= now):
            return unknown
        return self._fact("sufficient", amount, self.resets_at)

    def _fact(
        self,
        status: Literal["sufficient", "insufficient"],
        amount: float,
        until: datetime | None,
        blocked: bool = False,
    ) -> QuotaFact:
        return QuotaFact(
            status=status, remaining=self.left, until=until, feature=self.feature, needed=amount, blocked=blocked
        )


@dataclass(frozen=True, slots=True)
class AccountQuota:
    """Everything that is known of one account.

    Attributes:
        at: when its limits as a whole were told last, `None` when they never were.
    """

    features: Mapping[str, Reading] = field(default_factory=dict)
    model_limits: tuple[ModelLimit, ...] = ()
    default_model: str | None = None
    at: datetime | None = None
    source: ReadingSource | None = None

    def judge(self, needs: Mapping[str, int], now: datetime) -> QuotaFact:
        """Whether there is enough of everything: as good as the worst of it."""
        worst = QuotaFact(status="sufficient")
        for feature, amount in needs.items():
            reading = self.features.get(feature)
            fact = _unknown(feature, amount) if reading is None else reading.judge(amount, now)
            worst = fact if worst.feature is None else _worse(worst, fact)
        return worst


def read(before: Mapping[str, Reading], limits: Limits, *, at: datetime, source: ReadingSource) -> dict[str, Reading]:
    """The readings that limits bring; a feature they are silent on stays as it is.

    Only a block ends in silence: limits that name other features, but not this one any more, have lifted it.
    """
    told = {name: _reading(feature, at, source) for name, feature in limits.features.items()}
    fresh = {name: reading for name, reading in told.items() if reading.status != "not_reported"}
    lifted = [name for name, reading in before.items() if reading.status == "blocked" and name not in fresh]
    return {**fresh, **{name: told[name] for name in lifted if fresh and name in told}}


def refusal(before: Reading | None, feature: str, *, at: datetime, resets_at: datetime | None) -> Reading:
    """The reading that a refusal brings; a reset that was known before and lies ahead is believed."""
    known = before.resets_at if before is not None and before.resets_at is not None and before.resets_at > at else None
    return Reading(feature, "blocked", at, "refusal", remaining=0, resets_at=resets_at or known)


def _reading(feature: FeatureQuota, at: datetime, source: ReadingSource) -> Reading:
    return Reading(
        feature.name,
        feature.status,
        at,
        source,
        remaining=feature.remaining,
        quota=feature.limit,
        resets_at=feature.resets_at,
        description=feature.description,
    )


def _unknown(feature: str, amount: float) -> QuotaFact:
    return QuotaFact(status="unknown", feature=feature, needed=amount)


_ORDER = {"insufficient": 0, "unknown": 1, "sufficient": 2}


def _worse(one: QuotaFact, other: QuotaFact) -> QuotaFact:
    if one.status != other.status:
        return min(one, other, key=lambda fact: _ORDER[fact.status])
    if one.status == "insufficient":
        return max(one, other, key=lambda fact: fact.until.timestamp() if fact.until else 0)
    return min(one, other, key=lambda fact: float("inf") if fact.remaining is None else fact.remaining)
