"""The slots that the older bridge's settings page had saved."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bridge.accounts.buckets import MOST, PLANS, BucketLimits, SavedLimits
from bridge.importing.items import Item, Outcome
from bridge.importing.original import Row
from bridge.vault.aliases import is_alias
from core.contracts.buckets import Bucket

_KEY = "bridge_settings"


@dataclass(frozen=True, slots=True)
class FoundLimits:
    """What was saved, as far as it says something else than the table of plans; and what of it cannot be used."""

    saved: SavedLimits
    bad: tuple[Item, ...] = ()

    def items(self, outcome: Outcome, detail: str = "") -> Iterator[Item]:
        """Each bucket that has something, then what cannot be used."""
        for bucket in Bucket:
            numbers = {**self.saved.plans.get(bucket, {}), **self.saved.accounts.get(bucket, {})}
            if numbers:
                said = ", ".join(f"{name}={slots}" for name, slots in numbers.items())
                yield Item("limits", bucket.value, outcome, f"{said}; {detail}" if detail else said)
        yield from self.bad


def find_limits(rows: Iterator[Row]) -> FoundLimits | None:
    """The saved slots, `None` when there are none."""
    stored = next((row.get("value_json") for row in rows if row.get("key") == _KEY), None)
    if stored is None:
        return None
    concurrency = _object(stored).get("concurrency")
    if not isinstance(concurrency, dict):
        return FoundLimits(SavedLimits(), (Item("limits", _KEY, Outcome.SKIP, "it holds no limits"),))
    bad: list[Item] = []
    plans = {bucket: _numbers(bucket, concurrency, "plans", bad) for bucket in Bucket}
    accounts = {bucket: _numbers(bucket, concurrency, "accounts", bad) for bucket in Bucket}
    return FoundLimits(SavedLimits(plans=_filled(plans), accounts=_filled(accounts)), tuple(bad))


def _numbers(bucket: Bucket, concurrency: Mapping[str, Any], part: str, bad: list[Item]) -> dict[str, int]:
    parts = concurrency.get(bucket.value)
    given = parts.get(part) if isinstance(parts, dict) else None
    found: dict[str, int] = {}
    for name, slots in given.items() if isinstance(given, dict) else ():
        if not _is_number(slots) or not (name in PLANS if part == "plans" else is_alias(name)):
            detail = f"it is no name with a number from 0 to {MOST}"
            bad.append(Item("limits", f"{bucket.value} of {name!r}"[:80], Outcome.SKIP, detail))
        elif part != "plans" or BucketLimits({}).of_plan(name)[bucket].slots != slots:
            found[name] = slots
    return found


def _filled(numbers: Mapping[Bucket, dict[str, int]]) -> dict[Bucket, dict[str, int]]:
    return {bucket: found for bucket, found in numbers.items() if found}


def _is_number(slots: Any) -> bool:
    return isinstance(slots, int) and not isinstance(slots, bool) and 0 <= slots <= MOST


def _object(stored: Any) -> dict[str, Any]:
    try:
        value = json.loads(stored)
    except (TypeError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
