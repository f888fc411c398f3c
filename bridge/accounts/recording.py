"""A capture that takes its place: what the account's row, its events and the audit log say of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from bridge import audit
from bridge.accounts.account import Health
from bridge.accounts.events import happened
from bridge.accounts.leases import Transaction
from bridge.accounts.memory import bump, forget, remember
from core.clock import utc_now
from provider.interface.accounts import Inspection


@dataclass(frozen=True, slots=True)
class Change:
    """A capture that takes its place, and how that is told; `new_login`: it is not the login's that was there."""

    alias: str
    text: str
    inspection: Inspection
    verb: str
    actor: str
    captured_at: datetime
    verified: bool
    before: Inspection | None = None
    new_login: bool = False


def record(conn: Transaction, change: Change) -> None:
    """Write it down; whatever the account suffered before is over."""
    now, inspection = utc_now(), change.inspection
    if change.verb == "added":
        # Of an account whose folder was removed by hand a row is left.
        forget(conn, change.alias)
    used = dict.fromkeys(("last_used_at", "last_success_at")) if change.new_login else {}
    remember(
        conn,
        change.alias,
        now,
        **used,
        last_failure=None,
        last_failure_at=None,
        plan=inspection.capabilities.plan,
        email=inspection.email,
        capture_sha256=sha256(change.text.encode()).hexdigest(),
        captured_at=change.captured_at,
        health=Health.OK.value,
        health_detail="",
        health_since=now,
    )
    told = {**told_of(inspection), "verified": change.verified}
    was = None if change.before is None else told_of(change.before)
    happened(conn, change.alias, f"capture.{change.verb}", now, **told, before=was)
    audit.record(conn, change.actor, f"capture.{change.verb}", change.alias, was, told)
    bump(conn)


def told_of(inspection: Inspection) -> dict[str, Any]:
    """What may be told of a capture."""
    return {"plan": inspection.capabilities.plan, "email": inspection.email, "account_id": inspection.account_id}
