"""The rows of slots that the operator saved."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from bridge.accounts.buckets import SavedLimits
from bridge.store.types import to_microseconds
from core.contracts.buckets import Bucket

_PLAN, _ACCOUNT = "plan", "account"


def recall_saved(conn: Connection) -> SavedLimits:
    """What is saved now."""
    found: dict[str, dict[Bucket, dict[str, int]]] = {_PLAN: {}, _ACCOUNT: {}}
    for bucket, scope, name, slots in conn.exec_driver_sql("SELECT bucket, scope, name, slots FROM slot_limits"):
        found[scope].setdefault(Bucket(bucket), {})[name] = slots
    return SavedLimits(plans=found[_PLAN], accounts=found[_ACCOUNT])


def save(conn: Connection, saved: SavedLimits, now: datetime) -> None:
    """Have exactly this saved."""
    conn.exec_driver_sql("DELETE FROM slot_limits")
    for scope, buckets in ((_PLAN, saved.plans), (_ACCOUNT, saved.accounts)):
        for bucket, numbers in buckets.items():
            for name, slots in numbers.items():
                conn.exec_driver_sql(
                    "INSERT INTO slot_limits (bucket, scope, name, slots, updated_at) VALUES (?, ?, ?, ?, ?)",
                    (bucket.value, scope, name, slots, to_microseconds(now)),
                )
