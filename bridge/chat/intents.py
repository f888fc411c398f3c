"""What kind of work a chat request asks for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.chat.models import is_image, is_research, mode_of
from bridge.chat.tools.offer import PromptMode, prompt_mode
from core.errors import InvalidRequestError

_RESEARCH_SWITCHES = ("deep_research", "deep_research_version")
_RESEARCH_HINT = "connector:connector_openai_deep_research"
_DRAW = "chatgpt_image_intercept"
_OFF = frozenset({"", "0", "false", "no", "none", "off", "plain"})
_ON = frozenset({"1", "true", "yes", "on"})
_AGENT_SWITCHES = ("agent_mode", "chatgpt_agent_mode", "tool_bridge", "chatgpt_tool_bridge")


def asks_research(body: Mapping[str, Any]) -> bool:
    """Whether a chat's body, not validated yet, asks for Deep Research: by its model or by an option."""
    if is_research(body.get("model")):
        return True
    beside = body.get("metadata")
    for holder in (body, beside if isinstance(beside, Mapping) else {}):
        hints = holder.get("system_hints")
        if any(is_on(holder.get(name)) for name in _RESEARCH_SWITCHES):
            return True
        if isinstance(hints, list) and _RESEARCH_HINT in hints:
            return True
    return False


def asks_picture(body: Mapping[str, Any]) -> bool:
    """Whether a chat's body, not validated yet, wants its last message drawn: it says so itself, or names a model that
    does nothing else.

    Words like "draw" are no sign: a chat is about them as often as it asks for them.
    """
    model, beside = body.get("model"), body.get("metadata")
    holders = (body, beside if isinstance(beside, Mapping) else {})
    return (isinstance(model, str) and is_image(model)) or any(is_on(one.get(_DRAW)) for one in holders)


def agent_mode(options: Mapping[str, Any], model: str | None, default: PromptMode) -> PromptMode | None:
    """The mode in which a request switches the tool bridge on, with or without tools; `None` when it does not.

    The model's suffix comes first, then the switches.

    Args:
        default: the mode of a switch that is merely on.

    Raises:
        InvalidRequestError: `param` is a switch whose word is no mode.
    """
    mode = mode_of(model)
    for name in _AGENT_SWITCHES:
        value = options.get(name)
        if mode is not None or not is_on(value):
            continue
        word = str(value).strip().lower()
        mode = default if word in _ON else prompt_mode(word)
        if mode is None:
            raise InvalidRequestError(f"`{name}`: must be one of {', '.join(PromptMode)}, or a boolean.", param=name)
    return mode


def is_on(value: object) -> bool:
    """Whether a switch is on: anything but nothing, false, zero and the words for off."""
    return bool(value) and str(value).strip().lower() not in _OFF
