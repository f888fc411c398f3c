"""An account's limits, from `conversation/init` or the end of a stream (docs/protocol.md sections 2.2 and 9)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from provider.interface.accounts import FeatureQuota, Limits, ModelLimit

FEATURES: Mapping[str, tuple[str, ...]] = {
    "deep_research": ("deep_research", "openai_deep_research"),
    "file_upload": ("file_upload", "attachments", "attachment"),
    "image_gen": ("image_gen", "image_generation", "dalle", "gpt_image"),
    "paste_text_to_file": ("paste_text_to_file",),
}
"""Canonical names, and the names upstream uses for them."""


def read_limits(document: Any) -> Limits:
    """The limits a document reports; what it does not report is `not_reported`, which means unknown."""
    document = document if isinstance(document, dict) else {}
    progress = [item for item in _list(document, "limits_progress") if isinstance(item, dict)]
    blocked = [item if isinstance(item, dict) else {"name": item} for item in _list(document, "blocked_features")]
    default = document.get("default_model_slug")
    return Limits(
        features={name: _feature(name, names, progress, blocked) for name, names in FEATURES.items()},
        model_limits=tuple(
            ModelLimit(item["model_slug"], item.get("using_default_model_slug"), _reset(item))
            for item in _list(document, "model_limits")
            if isinstance(item, dict) and isinstance(item.get("model_slug"), str)
        ),
        default_model=default if isinstance(default, str) else None,
    )


def remaining_of(limits: Limits) -> dict[str, float]:
    """How much is left of each feature whose counter upstream told."""
    return {name: feature.remaining for name, feature in limits.features.items() if feature.remaining is not None}


def _feature(
    name: str, names: tuple[str, ...], progress: list[dict[str, Any]], blocked: list[dict[str, Any]]
) -> FeatureQuota:
    block = _named(blocked, names)
    counter = _named(progress, names)
    remaining = _number(counter, "remaining")
    status: Literal["available", "exhausted", "blocked", "not_reported"] = "not_reported"
    if block is not None:
        status = "blocked"
    elif remaining is not None:
        status = "available" if remaining > 0 else "exhausted"
    description = (block or {}).get("description") or (counter or {}).get("description")
    return FeatureQuota(
        name=name,
        status=status,
        remaining=remaining,
        resets_at=_reset(block) or _reset(counter),
        description=description if isinstance(description, str) else None,
        limit=_number(block, "limit"),
    )


def _number(item: Mapping[str, Any] | None, key: str) -> float | None:
    value = (item or {}).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _named(items: list[dict[str, Any]], names: tuple[str, ...]) -> dict[str, Any] | None:
    return next((item for item in items if item.get("feature_name", item.get("name")) in names), None)


def _reset(item: Mapping[str, Any] | None) -> datetime | None:
    """Upstream spells it both ways."""
    value = (item or {}).get("resets_after") or (item or {}).get("reset_after")
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)


def _list(document: Mapping[str, Any], key: str) -> list[Any]:
    value = document.get(key)
    return value if isinstance(value, list) else []
