"""What kind of work a chat asks for."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.chat.intents import agent_mode, asks_picture, asks_research
from bridge.chat.tools.offer import PromptMode
from core.errors import InvalidRequestError


@pytest.mark.parametrize(
    ("options", "model", "mode"),
    [
        ({}, "auto", None),
        ({"agent_mode": "off", "tool_bridge": False, "chatgpt_agent_mode": "plain"}, None, None),
        ({"agent_mode": "optimized"}, None, PromptMode.OPTIMIZED),
        ({"chatgpt_tool_bridge": "Native"}, None, PromptMode.OPENCODE),
        ({"tool_bridge": True}, None, PromptMode.OPENCODE),
        ({}, "auto@fast", PromptMode.OPTIMIZED),
        ({"agent_mode": "optimized"}, "chatgpt-web/gpt-5-5#opencode", PromptMode.OPENCODE),
        ({}, "user@host", None),
    ],
)
def test_the_tool_bridge_is_switched_on_by_suffix_or_switch(
    options: dict[str, Any], model: str | None, mode: PromptMode | None
) -> None:
    assert agent_mode(options, model, PromptMode.OPENCODE) is mode


def test_a_mode_nobody_knows_names_its_switch() -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        agent_mode({"chatgpt_agent_mode": "turbo"}, None, PromptMode.OPTIMIZED)

    assert refusal.value.param == "chatgpt_agent_mode"


@pytest.mark.parametrize(
    "body",
    [
        {"model": "auto", "chatgpt_image_intercept": True},
        {"metadata": {"chatgpt_image_intercept": "yes"}},
        {"model": "gpt-image-1"},
        {"model": "chatgpt-web/dall-e-3"},
    ],
)
def test_a_picture_is_asked_for_by_option_or_model(body: dict[str, Any]) -> None:
    assert asks_picture(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "auto", "chatgpt_image_intercept": False},
        {"metadata": {"chatgpt_image_intercept": "off"}},
        {"metadata": "draw", "model": ["gpt-image-1"]},
        {"messages": [{"role": "user", "content": "Draw a picture of a boat."}]},
    ],
)
def test_nothing_else_asks_for_a_picture(body: dict[str, Any]) -> None:
    assert not asks_picture(body)


@pytest.mark.parametrize(
    "body",
    [
        {"model": "chatgpt-web/deep-research"},
        {"deep_research": True},
        {"deep_research": "yes"},
        {"metadata": {"deep_research_version": "standard"}},
        {"system_hints": ["search", "connector:connector_openai_deep_research"]},
    ],
)
def test_research_is_asked_for_by_model_option_or_hint(body: dict[str, Any]) -> None:
    assert asks_research(body)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "gpt-5-5", "deep_research": False},
        {"model": 7, "deep_research": "off", "metadata": "deep_research"},
        {"metadata": {"deep_research": 0}, "system_hints": "connector:connector_openai_deep_research"},
    ],
)
def test_nothing_else_asks_for_research(body: dict[str, Any]) -> None:
    assert not asks_research(body)
