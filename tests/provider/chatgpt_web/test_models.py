"""Models by plan, and by live list."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provider.chatgpt_web.models import capabilities, read_models

CASES = json.loads((Path(__file__).parents[2] / "vectors" / "models.json").read_text())
LISTING = CASES["listing"]


@pytest.mark.parametrize("case", CASES["plans"], ids=lambda case: f"{case['plan_type']}-{len(case['observed'])}")
def test_a_plan_offers_its_models(case: dict[str, Any]) -> None:
    offered = capabilities(case["plan_type"], case["observed"])

    assert list(offered.models) == case["models"]
    assert {slug: list(efforts) for slug, efforts in offered.efforts.items()} == case["efforts"]
    assert [slug for slug in case["observed"] if slug not in offered.models] == case.get("extra_observed", [])


@pytest.mark.parametrize("plan", ["PLUS", "Team", "business", "enterprise", "edu"])
def test_plans_are_compared_without_case(plan: str) -> None:
    offered = capabilities(plan)

    assert offered.plan == plan.lower()
    assert offered.models == ("auto", "gpt-5-5", "gpt-5-5-thinking")
    assert not offered.open_ended


@pytest.mark.parametrize("plan", [None, "", "prolite"])
def test_an_unknown_plan_offers_what_was_observed_and_may_have_more(plan: str | None) -> None:
    offered = capabilities(plan, ["gpt-9", "auto", "gpt-5-5-thinking"], {"gpt-9": ["max"], "auto": ["max"]})

    assert offered.models == ("auto", "gpt-9", "gpt-5-5-thinking")
    assert offered.efforts == {"gpt-9": ("max",)}
    assert offered.open_ended


def test_observed_efforts_join_those_of_the_plan() -> None:
    observed = {"gpt-5-5-thinking": ["max", "xhigh"], "gpt-5-5-pro": ["extended"]}

    assert capabilities("plus", (), observed).efforts == {"gpt-5-5-thinking": ("standard", "extended", "max", "xhigh")}
    assert capabilities("go", (), observed).efforts == {}


def test_the_live_list_is_read() -> None:
    models = read_models(LISTING["response"])
    expected = LISTING["expect"]

    assert [model.slug for model in models] == expected["slugs"]
    assert {model.slug: list(model.efforts) for model in models if model.efforts} == expected["efforts"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["models", "slug", "title", "thinking_efforts"]), inner)
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_document_is_a_list_of_what_can_be_read(document: Any) -> None:
    assert all(model.slug and model.title for model in read_models(document))
