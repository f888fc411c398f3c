"""Public model names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bridge.accounts.account import Account
from bridge.chat.models import (
    Fallback,
    ModelChoice,
    chat_model,
    fallback_for,
    image_slug,
    is_listed,
    is_research,
    listed,
    mode_of,
)
from bridge.chat.tools.offer import PromptMode
from bridge.keys.grant import PRIMARY
from core.errors import UnsupportedParameterError
from provider.interface.accounts import Capabilities

THINKING = {"gpt-5-5-thinking": ("standard", "extended", "max"), "gpt-5-5-pro": ("standard", "extended")}
FREE = Account("free", "free", Capabilities("free", ("auto",), {}))
PLUS = Account("plus", "plus", Capabilities("plus", ("auto", "gpt-5-5", "gpt-5-5-thinking"), THINKING))
PRO = Account("pro", "pro", Capabilities("pro", ("auto", "gpt-5-5", "gpt-5-5-thinking", "gpt-5-5-pro"), THINKING))


@pytest.mark.parametrize("name", [None, "", "auto", " auto ", "chatgpt-web/auto"])
def test_no_name_and_auto_leave_the_choice_to_upstream(name: str | None) -> None:
    assert chat_model(name, "max", (FREE,)) == ModelChoice("auto")


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("gpt-5-5", ModelChoice("gpt-5-5")),
        ("chatgpt-web/gpt-5-5", ModelChoice("gpt-5-5")),
        ("gpt-5-5-thinking-max", ModelChoice("gpt-5-5-thinking", "max")),
        ("gpt-5-5-pro-extended", ModelChoice("gpt-5-5-pro", "extended")),
        ("gpt-9", ModelChoice("gpt-9")),
        ("user@host", ModelChoice("user@host")),
    ],
)
def test_a_name_stands_for_a_slug_and_an_effort(name: str, choice: ModelChoice) -> None:
    assert chat_model(name, None, (PLUS, PRO)) == choice
    assert chat_model(name, None, ()) == choice


def test_an_effort_of_the_clients_own_counts_where_the_name_fixes_none() -> None:
    assert chat_model("gpt-5-5", "max", (PLUS,)) == ModelChoice("gpt-5-5", "max")
    assert chat_model("gpt-5-5-thinking", "max", (PLUS,)) == ModelChoice("gpt-5-5-thinking", "max")
    assert chat_model("gpt-5-5-thinking-standard", "max", (PLUS,)) == ModelChoice("gpt-5-5-thinking", "standard")


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("auto@optimized", PromptMode.OPTIMIZED),
        ("auto#opencode", PromptMode.OPENCODE),
        ("chatgpt-web/gpt-5-5-thinking-max@FULL", PromptMode.OPENCODE),
        ("gpt-5-5", None),
        ("user@host", None),
        (None, None),
    ],
)
def test_a_mode_is_no_part_of_the_model(name: str | None, mode: PromptMode | None) -> None:
    assert mode_of(name) is mode


def test_a_name_with_a_mode_stands_for_the_same_model() -> None:
    assert chat_model("gpt-5-5-thinking-max@FULL", None, (PLUS,)) == ModelChoice("gpt-5-5-thinking", "max")
    assert chat_model("auto@optimized", "max", (PLUS,)) == ModelChoice("auto")
    assert is_research("deep-research@opencode")


def test_a_research_model_is_no_chat() -> None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        chat_model("deep-research", None, (PLUS,))

    assert refusal.value.param == "model"


@pytest.mark.parametrize(
    ("reasoning", "thinking", "pro"),
    [
        ("none", "standard", "standard"),
        ("low", "standard", "standard"),
        ("medium", "standard", "standard"),
        ("high", "extended", "extended"),
        ("xhigh", "max", "extended"),
        (None, None, None),
    ],
)
def test_a_reasoning_effort_is_the_nearest_that_the_model_offers(
    reasoning: str | None, thinking: str | None, pro: str | None
) -> None:
    assert chat_model("gpt-5-5-thinking", None, (PRO,), reasoning=reasoning).effort == thinking
    assert chat_model("gpt-5-5-pro", None, (PRO,), reasoning=reasoning).effort == pro
    assert chat_model("gpt-5-5", None, (PRO,), reasoning=reasoning).effort is None
    assert chat_model("gpt-5-5-thinking-max", None, (PRO,), reasoning=reasoning).effort == "max"
    assert chat_model("gpt-5-5-thinking", "extended", (PRO,), reasoning=reasoning).effort == "extended"


def test_the_fallback_is_nobodys_who_may_not_use_it() -> None:
    narrow = replace(PRIMARY, models=frozenset({"gpt-5-5"}))

    assert fallback_for("auto", PRIMARY, (PLUS,)) == Fallback("auto", ModelChoice("auto"))
    assert fallback_for(None, PRIMARY, (PLUS,)) is None
    assert fallback_for("auto", narrow, (PLUS,)) is None


@pytest.mark.parametrize(
    "name", ["gpt-image-1", "gpt-image-2.5-x", "dall-e-3", "chatgpt-web/dall-e-2", "chatgpt-image", None]
)
def test_every_public_image_name_lets_upstream_choose(name: str | None) -> None:
    assert image_slug(name, (PLUS,)) == "auto"


def test_the_list_is_what_some_plan_offers_without_doubles() -> None:
    modes = ("auto", "auto@optimized", "auto@opencode")
    assert listed((FREE,)) == (*modes, "gpt-image-1", "chatgpt-deep-research")
    assert [name for name in listed((FREE, PLUS, PRO)) if "@" not in name] == [
        "auto",
        "gpt-5-5",
        "gpt-5-5-thinking-standard",
        "gpt-5-5-thinking-extended",
        "gpt-5-5-thinking-max",
        "gpt-5-5-pro-standard",
        "gpt-5-5-pro-extended",
        "gpt-image-1",
        "chatgpt-deep-research",
    ]
    assert listed(()) == ()


def test_a_listed_name_may_have_its_prefix() -> None:
    assert is_listed("chatgpt-web/auto", (FREE,))
    assert not is_listed("gpt-5-5", (FREE,))
