"""Limits: what is reported, what is blocked, and what is unknown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

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
        }
        for name, quota in limits.features.items()
    }
    assert seen == {
        name: {key: feature[key] for key in ("status", "remaining", "resets_at")}
        for name, feature in case["features"].items()
    }
    assert [limit.slug for limit in limits.model_limits] == [limit["model_slug"] for limit in case["model_limits"]]


@pytest.mark.parametrize("case", CASES["preflight"], ids=named)
def test_only_known_shortage_stops_a_request(case: dict[str, Any]) -> None:
    limits = read_limits(INITS[case["init"]])

    if case["expect"] == "ok":
        preflight(limits, case["needs"])
    else:
        with pytest.raises(FeatureLimitError) as caught:
            preflight(limits, case["needs"])
        assert caught.value.param == case["feature"]


@pytest.mark.parametrize("document", [None, [], "x", {"limits_progress": 3, "blocked_features": {"a": 1}}])
def test_an_unknown_shape_is_unknown_quota(document: Any) -> None:
    assert {quota.status for quota in read_limits(document).features.values()} == {"not_reported"}
