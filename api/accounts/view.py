"""Accounts, captures and their events as those who administer see them; never a secret."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from api.operations.view import seconds
from api.usage.view import blocked_features, model_limits
from bridge.accounts.account import Account
from bridge.accounts.advice import standing
from bridge.accounts.cooldowns import ACCOUNT
from bridge.accounts.events import AccountEvent
from bridge.accounts.forecast import forecast
from bridge.accounts.leases import Used, count
from bridge.accounts.overview import Sight
from bridge.chat.models import AUTO
from bridge.quota.readings import AccountQuota
from provider.interface.accounts import Capabilities, Inspection


def account(sight: Sight, taken: Used, quota: AccountQuota, now: datetime) -> dict[str, Any]:
    """One account. Times are Unix seconds, ages seconds; those of `quota` are in ISO 8601, as usage tells them."""
    known = sight.account
    assert known is not None
    memory, row = known.memory, sight.row
    shown: dict[str, Any] = {
        "object": "chatgpt.account",
        "alias": known.alias,
        "in_pool": sight.in_pool,
        "state": known.state.value,
        "state_reason": memory.state_reason,
        "weight": memory.weight,
        "tags": list(memory.tags),
        "note": memory.note,
        "plan": known.plan,
        "email": known.email,
        "capabilities": capabilities(known.capabilities),
        "capture": {
            "captured_at": seconds(sight.captured_at),
            "age_seconds": age(sight.captured_at, now),
            "token_expires_at": seconds(known.token_expires_at),
            "previous": sight.previous,
        },
        "health": health(sight, known, now),
        "forecast": forecast(known, now).shown(),
        "blocked_features": blocked_features(quota, now),
        "model_limits": model_limits(quota, now),
        "last_used_at": seconds(None if row is None else row.last_used_at),
        "last_success_at": seconds(None if row is None else row.last_success_at),
        "in_flight": {
            bucket.value: {"used": count(taken, known.alias, bucket), "limit": limit}
            for bucket, limit in known.limits.items()
        },
        "limits": {bucket.value: limit for bucket, limit in known.limits.items()},
        "error": None if known.error is None else {"code": known.error.code, "message": known.error.message},
    }
    if sight.inspection is not None:
        shown["profile"] = profile(sight.inspection)
        shown["warnings"] = list(sight.inspection.warnings)
    return shown


def health(sight: Sight, known: Account, now: datetime) -> dict[str, Any]:
    """How an account stands: `ok`, `cooling`, `quarantined` or `unusable`, why, since when, and what to do."""
    stands = standing(known, now)
    since = {
        "cooling": None if known.cooldown is None else known.cooldown.since,
        "quarantined": sight.row.health_since if sight.row is not None else None,
    }.get(stands.state)
    return {
        "state": stands.state,
        "cause": stands.cause,
        "detail": stands.detail,
        "since": seconds(since),
        "until": seconds(stands.until),
        "what_to_do": stands.what_to_do,
        "limited": {
            scope: seconds(cooldown.until)
            for scope, cooldown in known.memory.cooldowns.items()
            if scope != ACCOUNT and not cooldown.over(now)
        },
    }


def event(told: AccountEvent) -> dict[str, Any]:
    """One thing that happened to an account."""
    return {
        "object": "chatgpt.account.event",
        "number": told.number,
        "account": told.account,
        "at": seconds(told.at),
        "type": told.type,
        "data": dict(told.data),
    }


def inspection(found: Inspection, alias: str | None) -> dict[str, Any]:
    """A capture, examined."""
    return {
        "ok": found.ok,
        "account": alias,
        "format": found.format,
        "missing": list(found.missing),
        "warnings": list(found.warnings),
        "checks": checks(found),
        "detected": profile(found),
        "capabilities": capabilities(found.capabilities),
    }


def checks(found: Inspection) -> list[dict[str, Any]]:
    """Every check of a capture, in a fixed order."""
    return [{"name": one.name, "level": one.level, "ok": one.ok, "detail": one.detail} for one in found.checks]


def profile(found: Inspection) -> dict[str, Any]:
    """Whose capture it is, masked, and what was seen in it."""
    plan, expires = found.capabilities.plan, found.token_expires_at
    return {
        "plan_type": plan,
        "plan_bucket": plan_bucket(plan),
        "email": found.email,
        "account_id": found.account_id,
        "user_id": found.user_id,
        "token_expires_at": expires.isoformat() if expires else None,
        "observed_models": list(found.observed_models),
    }


def capabilities(known: Capabilities) -> dict[str, Any]:
    """What a plan allows."""
    return {
        "plan_type": known.plan,
        "plan_bucket": plan_bucket(known.plan),
        "supported_models": list(known.models),
        "efforts": {slug: list(efforts) for slug, efforts in known.efforts.items()},
        "auto_model": AUTO,
        "auto_only": set(known.models) <= {AUTO},
    }


def plan_bucket(plan: str | None) -> str | None:
    """`free` or `paid`."""
    return None if plan is None else "free" if plan == "free" else "paid"


def age(at: datetime | None, now: datetime) -> float | None:
    """How long ago, in seconds."""
    return None if at is None else round(max((now - at).total_seconds(), 0), 3)
