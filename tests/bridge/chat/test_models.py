"""Public model names."""

from __future__ import annotations

import pytest

from bridge.accounts.account import Account
from bridge.chat.models import ModelChoice, chat_model, image_slug, is_listed, listed
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


@pytest.mark.parametrize("name", ["auto@optimized", "auto#opencode", "gpt-5-5@FULL", "deep-research"])
def test_what_is_not_plain_chat_is_refused_by_name(name: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        chat_model(name, None, (PLUS,))

    assert refusal.value.param == "model"


@pytest.mark.parametrize(
    "name", ["gpt-image-1", "gpt-image-2.5-x", "dall-e-3", "chatgpt-web/dall-e-2", "chatgpt-image", None]
)
def test_every_public_image_name_lets_upstream_choose(name: str | None) -> None:
    assert image_slug(name, (PLUS,)) == "auto"


def test_the_list_is_what_some_plan_offers_without_doubles() -> None:
    assert listed((FREE,)) == ("auto", "gpt-image-1", "chatgpt-deep-research")
    assert listed((FREE, PLUS, PRO)) == (
        "auto",
        "gpt-5-5",
        "gpt-5-5-thinking-standard",
        "gpt-5-5-thinking-extended",
        "gpt-5-5-thinking-max",
        "gpt-5-5-pro-standard",
        "gpt-5-5-pro-extended",
        "gpt-image-1",
        "chatgpt-deep-research",
    )
    assert listed(()) == ()


def test_a_listed_name_may_have_its_prefix() -> None:
    assert is_listed("chatgpt-web/auto", (FREE,))
    assert not is_listed("gpt-5-5", (FREE,))
