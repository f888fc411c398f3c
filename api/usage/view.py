"""An account's limits as clients see them, each figure with its age and where it comes from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from api.operations.view import seconds
from bridge.accounts.account import Account, AccountState
from bridge.accounts.advice import Standing, standing
from bridge.quota.probes import Probe
from bridge.quota.readings import FEATURES, AccountQuota, Reading
from core.contracts.usage import UsageCount
from provider.interface.accounts import ModelLimit


def entry(account: Account, quota: AccountQuota, probe: Probe | None, now: datetime) -> dict[str, Any]:
    """One account. `as_of` is when its limits were told last, whoever told them."""
    features = {name: _feature(name, quota.features.get(name), now) for name in FEATURES}
    stands = standing(account, now)
    return {
        "account": account.alias,
        **_standing(account, stands, quota, probe),
        "what_to_do": stands.what_to_do,
        "plan_type": account.plan,
        "plan_bucket": None if account.plan is None else "free" if account.plan == "free" else "paid",
        "default_model_slug": quota.default_model,
        "atlas_mode_enabled": None,
        "features": features,
        "model_limits": model_limits(quota, now),
        "limits_progress": [
            {"feature_name": name, "remaining": feature["remaining"], "reset_after": feature["reset_after"]}
            for name, feature in features.items()
            if feature["remaining"] is not None
        ],
        "blocked_features": blocked_features(quota, now),
        "as_of": seconds(quota.at),
        "age_seconds": _age(quota.at, now),
        "source": quota.source,
        "asked_at": None if probe is None else seconds(probe.at),
    }


def blocked_features(quota: AccountQuota, now: datetime) -> list[dict[str, Any]]:
    """What upstream has said that the account may not use now, and until when."""
    features = {name: _feature(name, quota.features.get(name), now) for name in FEATURES}
    return [
        {"name": name, "resets_after": feature["resets_after"], "description": feature["description"]}
        for name, feature in features.items()
        if feature["blocked"]
    ]


def model_limits(quota: AccountQuota, now: datetime) -> list[dict[str, Any]]:
    """The models that are capped now, and what upstream answers with instead."""
    return [_model_limit(limit) for limit in quota.model_limits if not _is_over(limit, now)]


def point(account: str, reading: Reading) -> dict[str, Any]:
    """One reading of the past."""
    return {
        "account": account,
        "feature": reading.feature,
        "at": seconds(reading.at),
        "status": reading.status,
        "remaining": reading.remaining,
        "resets_at": seconds(reading.resets_at),
        "source": reading.source,
    }


def count(counted: UsageCount, by: Iterable[str], key_names: Mapping[str, str]) -> dict[str, Any]:
    """What was counted together; `key` is the id of an API key, `key_name` what it is called."""
    told = counted.model_dump()
    names = {"key" if name == "owner" else name: told[name] for name in by}
    if "key" in names:
        names["key_name"] = key_names.get(names["key"])
    numbers = {name: told[name] for name in ("requests", "failures", "prompt_tokens", "completion_tokens")}
    return {**names, **numbers, "total_tokens": counted.prompt_tokens + counted.completion_tokens}


def _standing(account: Account, stands: Standing, quota: AccountQuota, probe: Probe | None) -> dict[str, Any]:
    if stands.state in ("unusable", "quarantined"):
        return {"ok": False, "status": stands.cause, "error": stands.detail}
    if stands.state == "cooling":
        return {"ok": None, "status": "cooling", "warning": stands.detail, "until": seconds(stands.until)}
    if account.state is AccountState.PAUSED:
        return {"ok": None, "status": "paused", "warning": "The account is paused and was not asked."}
    if probe is not None and probe.error is not None and (quota.at is None or probe.at > quota.at):
        return {"ok": None, "status": "metadata_unavailable", "warning": f"Not asked anew: {probe.error.message}"}
    if quota.at is None:
        return {"ok": None, "status": "metadata_unavailable", "warning": "Upstream has not named its limits yet."}
    return {"ok": True, "status": "ok"}


def _feature(name: str, reading: Reading | None, now: datetime) -> dict[str, Any]:
    """What was reset since it was read is not known any more, and not called zero."""
    if reading is None:
        reading = Reading(name, "not_reported", now, "probe")
        told: dict[str, Any] = {"as_of": None, "age_seconds": None, "source": None}
    else:
        told = {"as_of": seconds(reading.at), "age_seconds": _age(reading.at, now), "source": reading.source}
    over = reading.resets_at is not None and reading.resets_at <= now
    left = None if over else reading.left
    blocked = reading.status == "blocked" and not over
    resets = reading.resets_at.isoformat() if reading.resets_at else None
    return {
        "reported": told["as_of"] is not None and reading.status != "not_reported",
        "status": "not_reported" if over else _status(blocked, left),
        "remaining": left,
        "reset_after": resets,
        "resets_after": resets,
        "limit": reading.quota,
        "blocked": blocked,
        "description": reading.description,
        "spent_since": reading.spent,
        **told,
    }


def _status(blocked: bool, left: float | None) -> str:
    if blocked:
        return "blocked"
    if left is None:
        return "not_reported"
    return "available" if left > 0 else "exhausted"


def _model_limit(limit: ModelLimit) -> dict[str, Any]:
    return {
        "model_slug": limit.slug,
        "using_default_model_slug": limit.instead,
        "resets_after": limit.resets_at.isoformat() if limit.resets_at else None,
    }


def _is_over(limit: ModelLimit, now: datetime) -> bool:
    return limit.resets_at is not None and limit.resets_at <= now


def _age(at: datetime | None, now: datetime) -> float | None:
    return None if at is None else round(max((now - at).total_seconds(), 0), 3)
