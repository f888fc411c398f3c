"""How many slots an account has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from core.contracts.buckets import Bucket
from core.errors import SettingError
from core.settings import AccountsSettings, variable

_PLANS: dict[Bucket, dict[str, int]] = {
    Bucket.CHAT: {"free": 1, "go": 2, "plus": 3, "pro": 4},
    Bucket.UPLOAD: {"free": 1, "go": 1, "plus": 1, "pro": 1},
    Bucket.IMAGE: {"free": 1, "go": 1, "plus": 2, "pro": 3},
    Bucket.RESEARCH: {"free": 1, "go": 1, "plus": 2, "pro": 2},
}
_OTHER_PLAN = 1
_MOST = 32
_ITEM = re.compile(r"([A-Za-z0-9][A-Za-z0-9_-]*)=(\d{1,9})")


@dataclass(frozen=True, slots=True)
class BucketLimits:
    """The table by plan, and the operator's overrides by plan or alias for each bucket."""

    overrides: Mapping[Bucket, Mapping[str, int]]

    @classmethod
    def of(cls, settings: AccountsSettings) -> BucketLimits:
        """Read the override strings, such as `free=1,my-alias=2`; items part at commas, semicolons and blanks.

        Raises:
            SettingError: an item is not `name=number`.
        """
        return cls({bucket: _parse(settings, f"{bucket.value}_concurrency") for bucket in Bucket})

    def of_account(self, alias: str, plan: str | None) -> dict[Bucket, int]:
        """The slots of each bucket: by alias, else by plan, else 1. At most 32; chat at least 1, others 0 for off.

        A name says nothing of a plan: an account called `pro` on the free plan gets the free plan's slots.
        """
        return {bucket: self._slots(bucket, alias, (plan or "").lower()) for bucket in Bucket}

    def _slots(self, bucket: Bucket, alias: str, plan: str) -> int:
        plans = _PLANS[bucket]
        given = self.overrides.get(bucket, {})
        # The four plan words always mean the plan, also where an account bears one as its name.
        by_alias = {} if alias in plans else given
        by_plan = given if plan in plans else {}
        chosen = by_alias.get(alias, by_plan.get(plan, plans.get(plan, _OTHER_PLAN)))
        return max(1 if bucket is Bucket.CHAT else 0, min(chosen, _MOST))


def _parse(settings: AccountsSettings, field: str) -> dict[str, int]:
    limits = {}
    for item in re.split(r"[,;\s]+", getattr(settings, field).strip()):
        if not item:
            continue
        match = _ITEM.fullmatch(item)
        if match is None:
            raise SettingError(f"{variable(AccountsSettings, field)}: {item!r} is not of the form name=number")
        limits[match[1]] = int(match[2])
    return limits
