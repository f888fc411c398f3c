"""Limits: what is reported, what is blocked, and what is unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.limits import FEATURES, read_limits

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "conversation-init.json").read_text())


def named(case: dict[str, Any]) -> str:
    return str(case["name"])


def test_every_alias_is_known() -> None:
    assert {name: list(names) for name, names in FEATURES.items()} == CASES["aliases"]


@pytest.mark.parametrize("case", CASES["cases"], ids=named)
def test_features_are_read(case: dict[str, Any]) -> None:
    limits = read_limits(case["init"])

    seen = {
        name: {
            "status": quota.status,
            "remaining": quota.remaining,
            "resets_at": quota.resets_at.isoformat() if quota.resets_at else None,
            "limit": quota.limit,
        }
        for name, quota in limits.features.items()
    }
    assert seen == case["features"]
    assert [
        (limit.slug, limit.instead, limit.resets_at.isoformat() if limit.resets_at else None)
        for limit in limits.model_limits
    ] == [
        (limit["model_slug"], limit["using_default_model_slug"], limit["resets_after"])
        for limit in case["model_limits"]
    ]
    assert limits.default_model == case["init"].get("default_model_slug")


@pytest.mark.parametrize(
    ("remaining", "status"), [(True, "not_reported"), ("3", "not_reported"), (10**400, "available")]
)
def test_only_a_number_is_a_counter(remaining: Any, status: str) -> None:
    limits = read_limits({"limits_progress": [{"feature_name": "file_upload", "remaining": remaining}]})

    assert limits.features["file_upload"].status == status


@pytest.mark.parametrize("document", [None, [], "x", {"limits_progress": 3, "blocked_features": {"a": 1}}])
def test_an_unknown_shape_is_unknown_quota(document: Any) -> None:
    assert {quota.status for quota in read_limits(document).features.values()} == {"not_reported"}
