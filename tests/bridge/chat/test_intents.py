"""What is not plain chat is refused, not answered as if it were."""

from __future__ import annotations

from typing import Any

import pytest

from bridge.chat.intents import asks_research, require_plain_chat
from core.errors import UnsupportedParameterError


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"tools": [{"type": "function"}]}, "tools"),
        ({"functions": [{}]}, "functions"),
        ({"tool_choice": "required"}, "tool_choice"),
        ({"agent_mode": "optimized"}, "agent_mode"),
        ({"chatgpt_tool_bridge": True}, "chatgpt_tool_bridge"),
        ({"chatgpt_image_intercept": "yes"}, "chatgpt_image_intercept"),
        ({"n": 2}, "n"),
    ],
)
def test_more_than_plain_chat_is_refused_by_name(options: dict[str, Any], param: str) -> None:
    with pytest.raises(UnsupportedParameterError) as refusal:
        require_plain_chat(options)

    assert refusal.value.param == param


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"tools": [], "tool_choice": "auto", "functions": None},
        {"agent_mode": "off", "tool_bridge": False, "chatgpt_agent_mode": "plain", "deep_research": "false"},
        {"system_hints": ["search"], "chatgpt_image_intercept": False, "n": 1},
        {"chatgpt_account_strategy": "weighted"},
    ],
)
def test_plain_chat_passes(options: dict[str, Any]) -> None:
    require_plain_chat(options)


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
