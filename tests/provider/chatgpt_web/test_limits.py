"""Limits: what is reported, what is blocked, and what is unknown."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import utc_now
from core.errors import FeatureLimitError
from provider.chatgpt_web.limits import FEATURES, preflight, read_limits

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "conversation-init.json").read_text())
INITS = {case["name"]: case["init"] for case in CASES["cases"]}


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


@pytest.mark.parametrize("case", CASES["preflight"], ids=named)
def test_only_known_shortage_stops_a_request(case: dict[str, Any]) -> None:
    limits = read_limits(INITS[case["init"]])

    if case["expect"] == "ok":
        preflight(limits, case["needs"])
    else:
        with pytest.raises(FeatureLimitError) as caught:
            preflight(limits, case["needs"])
        assert caught.value.param == case["feature"]


def test_a_refusal_says_when_the_quota_comes_back() -> None:
    soon = (utc_now() + timedelta(seconds=90)).isoformat()
    past = (utc_now() - timedelta(seconds=90)).isoformat()

    waits = []
    for reset in (soon, past, "tomorrow", 5, None):
        limits = read_limits({"blocked_features": [{"name": "dalle", "resets_after": reset}]})
        with pytest.raises(FeatureLimitError) as caught:
            preflight(limits, {"image_gen": 1})
        waits.append(caught.value.retry_after_seconds)

    assert waits[0] == pytest.approx(90, abs=5)
    assert waits[1:] == [0.0, None, None, None]


@pytest.mark.parametrize(
    ("remaining", "status"), [(True, "not_reported"), ("3", "not_reported"), (10**400, "available")]
)
def test_only_a_number_is_a_counter(remaining: Any, status: str) -> None:
    limits = read_limits({"limits_progress": [{"feature_name": "file_upload", "remaining": remaining}]})

    assert limits.features["file_upload"].status == status


@pytest.mark.parametrize("document", [None, [], "x", {"limits_progress": 3, "blocked_features": {"a": 1}}])
def test_an_unknown_shape_is_unknown_quota(document: Any) -> None:
    assert {quota.status for quota in read_limits(document).features.values()} == {"not_reported"}
