"""An account's stored choices."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from provider.chatgpt_web.preferences import read_preferences

CASE = json.loads((Path(__file__).parents[2] / "vectors" / "models.json").read_text())["settings"]


def test_stored_choices_are_read() -> None:
    seen = read_preferences(CASE["response"])
    expected = CASE["expect"]

    assert seen.default_model == expected["default_model_slug"]
    assert seen.default_efforts == expected["default_juices"]
    assert seen.last_models == expected["last_used_slugs"]
    assert list(seen.observed_models) == expected["observed_models"]
    assert list(seen.observed_efforts) == expected["observed_efforts"]
    assert list(seen.backend_efforts) == expected["backend_reasoning_efforts"]
    assert seen.effort == expected["wingman_thinking_effort"]


@pytest.mark.parametrize(
    ("slugs", "captured", "preferred"),
    [
        ({"web": "a", "default": "b"}, "c", "a"),
        ({"web": None, "default": "b"}, "c", "b"),
        ({}, "c", "c"),
        ({}, None, "auto"),
    ],
)
def test_the_model_used_last_on_the_web_is_preferred(
    slugs: dict[str, Any], captured: str | None, preferred: str
) -> None:
    preferences = read_preferences({"settings": {"last_used_model_config": {"slugs": slugs}}})

    assert preferences.preferred_model(captured) == preferred


def test_a_fixed_default_is_observed_too() -> None:
    document = {"settings": {"default_model_config": {"default_model_slug": "z"}}}

    assert read_preferences(document).observed_models == ("z",)


@pytest.mark.parametrize(
    "document", [None, [], {"settings": []}, {"settings": {"last_used_model_config": {"juices": {"web": 3}}}}]
)
def test_another_shape_is_no_choice(document: Any) -> None:
    seen = read_preferences(document)

    assert (seen.observed_models, seen.observed_efforts, seen.preferred_model()) == ((), (), "auto")
