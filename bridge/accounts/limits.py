"""Slots, looked at and changed while the bridge runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge import audit
from bridge.accounts import memory
from bridge.accounts.buckets import BucketLimits, SavedLimits
from bridge.accounts.leases import Transaction, Used, used
from bridge.accounts.registry import Registry
from bridge.accounts.saved import recall_saved, save
from bridge.store.engine import Store
from core.clock import utc_now

Revise: TypeAlias = Callable[[SavedLimits], SavedLimits]
"""What shall be saved, made of what is."""


@dataclass(frozen=True, slots=True)
class LimitsNow:
    """The limits in force, and the slots that are taken under them."""

    limits: BucketLimits
    used: Used


class SlotLimits:
    """What the operator saves applies at once, in every process: whoever takes a slot sees it in that transaction.

    Slots are counted in the database, so a change loses none that are taken; where there are more of them than there
    may be now, nobody gets one until enough were given back.
    """

    def __init__(self, store: Store, registry: Registry, environment: BucketLimits) -> None:
        self._store = store
        self._registry = registry
        self._environment = environment

    async def now(self) -> LimitsNow:
        """The limits in force.

        Raises:
            StoreError: they cannot be read.
        """
        return await self._store.read(lambda conn: LimitsNow(self._environment.saving(recall_saved(conn)), used(conn)))

    async def save(self, revise: Revise, *, actor: str) -> None:
        """Have saved what `revise` makes of what is saved; what that leaves out falls back to environment and table.

        Changes at the same time follow one another, so that none undoes another's.

        Raises:
            StoreError: nothing was changed.
        """

        def work(conn: Transaction) -> bool:
            before = recall_saved(conn)
            after = revise(before)
            was, becomes = told(before), told(after)
            if was == becomes:
                return False
            save(conn, after, utc_now())
            memory.bump(conn)
            audit.record(conn, actor, "limits.changed", "limits", was, becomes)
            return True

        if await self._store.write(work, durable=True):
            self._registry.changed()


def told(saved: SavedLimits) -> dict[str, dict[str, dict[str, int]]]:
    """What is saved, in plain words."""
    return {
        name: {bucket.value: dict(numbers) for bucket, numbers in buckets.items() if numbers}
        for name, buckets in (("plans", saved.plans), ("accounts", saved.accounts))
    }
