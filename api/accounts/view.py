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
from provider.interface.accounts import Capabilities, Inspection, PickerSettings


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
        "preview": preview(found),
    }


def preview(found: Inspection) -> dict[str, Any]:
    """The request that was copied, without secrets."""
    seen = found.seen
    return {
        "url": seen.url,
        "status": seen.status,
        "request_model": seen.model,
        "request_action": seen.action,
        "request_thinking_effort": seen.thinking_effort,
        "headers": dict(seen.headers),
        "cookie_count": seen.cookie_count,
    }


def checks(found: Inspection) -> list[dict[str, Any]]:
    """Every check of a capture, in a fixed order."""
    return [{"name": one.name, "level": one.level, "ok": one.ok, "detail": one.detail} for one in found.checks]


def profile(found: Inspection) -> dict[str, Any]:
    """Whose capture it is, masked, and what was seen in it and in the account's settings."""
    plan, expires, seen = found.capabilities.plan, found.token_expires_at, found.seen
    settings = found.settings or PickerSettings()
    efforts = [seen.thinking_effort, seen.last_model_config.get("effort"), *settings.last_efforts.values()]
    return {
        "plan_type": plan,
        "plan_bucket": plan_bucket(plan),
        "email": found.email,
        "account_id": found.account_id,
        "user_id": found.user_id,
        "token_expires_at": expires.isoformat() if expires else None,
        "observed_models": list(found.observed_models),
        "observed_efforts": list(dict.fromkeys(effort for effort in efforts if effort)),
        "observed_actions": [seen.action] if seen.action else [],
        "last_model_config": dict(seen.last_model_config),
        "default_model_config": dict(seen.default_model_config),
        "request_model": seen.model,
        "request_thinking_effort": seen.thinking_effort,
        "request_action": seen.action,
        "settings_default_model_slug": settings.default_model,
        "settings_default_juices": dict(settings.default_efforts),
        "settings_last_used_slugs": dict(settings.last_models),
        "settings_last_used_juices": dict(settings.last_efforts),
        "settings_available_reasoning_efforts": list(settings.reasoning_efforts),
        "settings_wingman_thinking_effort": settings.wingman_effort,
        "scope": "capture" if found.settings is None else "capture and settings",
    }


def capabilities(known: Capabilities) -> dict[str, Any]:
    """What a plan allows, by its name and by what was seen in the capture: upstream was not asked."""
    thinking, pro = (_ending(known, end) for end in ("-thinking", "-pro"))
    auto_only = set(known.models) <= {AUTO}
    return {
        "plan_type": known.plan,
        "plan_bucket": plan_bucket(known.plan),
        "supported_models": list(known.models),
        "default_model": known.default_model,
        "efforts": {slug: list(efforts) for slug, efforts in known.efforts.items()},
        "thinking_model": thinking,
        "thinking_efforts": list(known.efforts.get(thinking or "", ())),
        "pro_model": pro,
        "pro_efforts": list(known.efforts.get(pro or "", ())),
        "backend_reasoning_efforts": list(known.backend_efforts),
        "auto_model": AUTO,
        "auto_only": auto_only,
        "auto_only_reason": _auto_only(known.plan) if auto_only else None,
        "extra_observed_models": list(known.unlisted),
        "scope": "plan and capture",
    }


def _ending(known: Capabilities, end: str) -> str | None:
    return next((slug for slug in known.models if slug.endswith(end)), None)


def _auto_only(plan: str | None) -> str:
    if plan is None:
        return "The plan is not known, and the capture names no model."
    return f"The plan {plan!r} leaves the choice of a model to ChatGPT."


def plan_bucket(plan: str | None) -> str | None:
    """`free` or `paid`."""
    return None if plan is None else "free" if plan == "free" else "paid"


def age(at: datetime | None, now: datetime) -> float | None:
    """How long ago, in seconds."""
    return None if at is None else round(max((now - at).total_seconds(), 0), 3)
