"""The words of an offer."""

from __future__ import annotations

import pytest

from bridge.chat.tools.offer import Offer, PromptMode, Tool, prompt_mode

TOOLS = (Tool("bash"), Tool("crm__find", namespace="crm", member="find"))


@pytest.mark.parametrize("word", ["optimized", "default", "FAST", "poc", " short "])
def test_short_words_mean_optimized(word: str) -> None:
    assert prompt_mode(word) is PromptMode.OPTIMIZED


@pytest.mark.parametrize("word", ["opencode", "Classic", "compat", "full", "legacy", "native", "original"])
def test_other_words_mean_opencode(word: str) -> None:
    assert prompt_mode(word) is PromptMode.OPENCODE


def test_other_words_mean_none() -> None:
    assert prompt_mode("turbo") is None


def test_what_may_be_called_follows_the_choice() -> None:
    assert Offer(TOOLS).callable == TOOLS
    assert Offer(TOOLS, choice="none").callable == ()
    assert Offer(TOOLS, named="bash").callable == TOOLS[:1]


def test_an_answer_without_a_call_is_none_when_one_is_demanded() -> None:
    assert Offer(TOOLS, choice="required").demands
    assert Offer(TOOLS, named="bash").demands
    assert not Offer(TOOLS).demands
    assert not Offer((), choice="required").demands


def test_a_member_of_a_group_keeps_its_own_name() -> None:
    assert [tool.own_name for tool in TOOLS] == ["bash", "find"]
