"""How many slots an account has, and who said so."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.contracts.buckets import TALK, Bucket
from core.errors import SettingError
from core.settings import AccountsSettings, variable

_OF_A_TEAM = {"team": 3, "business": 3, "enterprise": 3, "edu": 3}
_PLANS: dict[Bucket, dict[str, int]] = {
    Bucket.CHAT: {"free": 1, "go": 2, "plus": 3, "pro": 4, **_OF_A_TEAM},
    Bucket.HELPER: {"free": 1, "go": 1, "plus": 1, "pro": 1, **dict.fromkeys(_OF_A_TEAM, 1)},
    Bucket.UPLOAD: {"free": 1, "go": 1, "plus": 1, "pro": 1, **dict.fromkeys(_OF_A_TEAM, 1)},
    Bucket.IMAGE: {"free": 1, "go": 1, "plus": 2, "pro": 3, **dict.fromkeys(_OF_A_TEAM, 2)},
    Bucket.RESEARCH: {"free": 1, "go": 1, "plus": 2, "pro": 2, **dict.fromkeys(_OF_A_TEAM, 2)},
}
PLANS = tuple(_PLANS[Bucket.CHAT])
"""Every plan that has a row of its own."""

MOST = 32
"""More slots than this nobody has."""

_OTHER_PLAN = 1
_ITEM = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)=(\d{1,9})")
_NOTHING: Mapping[str, int] = {}


class Source(StrEnum):
    """Where a number of slots comes from."""

    PLAN_TABLE = "plan_table"
    ENVIRONMENT = "environment"
    SETTINGS = "settings"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class Size:
    """The slots of one bucket of one account.

    `source` is `account` for what was saved for this account, `settings` for what was saved for its plan.
    """

    slots: int
    source: Source


@dataclass(frozen=True, slots=True)
class SavedLimits:
    """What the operator saved while the bridge runs, by bucket: slots of plans, and of accounts."""

    plans: Mapping[Bucket, Mapping[str, int]] = field(default_factory=dict)
    accounts: Mapping[Bucket, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BucketLimits:
    """The table by plan, the environment's overrides by plan or alias for each bucket, and what was saved.

    What was saved wins over the environment, and that over the table: whoever changes a number while the bridge runs
    sees it come into force. Within each the alias of an account wins over its plan.
    """

    overrides: Mapping[Bucket, Mapping[str, int]]
    saved: SavedLimits = field(default_factory=SavedLimits)

    @classmethod
    def of(cls, settings: AccountsSettings) -> BucketLimits:
        """Read the override strings, such as `free=1,my-alias=2`; items part at commas, semicolons and blanks.

        Raises:
            SettingError: an item is not `name=number`.
        """
        return cls({bucket: _parse(settings, f"{bucket.value}_concurrency") for bucket in Bucket})

    def saving(self, saved: SavedLimits) -> BucketLimits:
        """The same with what is saved now."""
        return replace(self, saved=saved)

    def of_account(self, alias: str, plan: str | None) -> dict[Bucket, int]:
        """The slots of each bucket: by alias, else by plan, else 1. At most 32; talk at least 1, others 0 for off.

        A name says nothing of a plan: an account called `pro` on the free plan gets the free plan's slots.
        """
        return {bucket: size.slots for bucket, size in self.sizes(alias, plan).items()}

    def sizes(self, alias: str, plan: str | None) -> dict[Bucket, Size]:
        """The same, each with its source."""
        return {bucket: self._size(bucket, alias, (plan or "").lower()) for bucket in Bucket}

    def of_plan(self, plan: str) -> dict[Bucket, Size]:
        """What an account of a plan gets that has no slots of its own."""
        return {bucket: self._size(bucket, None, plan) for bucket in Bucket}

    def _size(self, bucket: Bucket, alias: str | None, plan: str) -> Size:
        table, given = _PLANS[bucket], self.overrides.get(bucket, _NOTHING)
        # The plans' words always mean the plan, also where an account bears one as its name.
        by_alias = _NOTHING if alias in table else given
        by_plan = given if plan in table else _NOTHING
        layers: tuple[tuple[Source, Mapping[str, int], str | None], ...] = (
            (Source.ACCOUNT, self.saved.accounts.get(bucket, _NOTHING), alias),
            (Source.SETTINGS, self.saved.plans.get(bucket, _NOTHING), plan),
            (Source.ENVIRONMENT, by_alias, alias),
            (Source.ENVIRONMENT, by_plan, plan),
            (Source.PLAN_TABLE, table, plan),
        )
        for source, numbers, name in layers:
            if name is not None and name in numbers:
                return Size(max(least(bucket), min(numbers[name], MOST)), source)
        return Size(_OTHER_PLAN, Source.PLAN_TABLE)


def least(bucket: Bucket) -> int:
    """The fewest slots a bucket may have: talk cannot be switched off, everything else can."""
    return 1 if bucket in TALK else 0


def _parse(settings: AccountsSettings, field: str) -> dict[str, int]:
    limits = {}
    for item in re.split(r"[,;\s]+", getattr(settings, field).strip()):
        if not item:
            continue
        match = _ITEM.fullmatch(item)
        if match is None:
            raise SettingError(f"{variable(AccountsSettings, field)}: {item!r} is not of the form name=number")
        plan = match[1].lower()
        limits[plan if plan in PLANS else match[1]] = int(match[2])
    return limits
