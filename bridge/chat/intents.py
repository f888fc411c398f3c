"""What kind of work a chat request asks for: this version serves plain chat and says so of everything else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bridge.chat.models import is_research
from core.errors import UnsupportedParameterError

_RESEARCH_SWITCHES = ("deep_research", "deep_research_version")
_RESEARCH_HINT = "connector:connector_openai_deep_research"
_OFF = frozenset({"", "0", "false", "no", "none", "off", "plain"})
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


def is_on(value: object) -> bool:
    """Whether a switch is on: anything but nothing, false, zero and the words for off."""
    return bool(value) and str(value).strip().lower() not in _OFF


def require_plain_chat(options: Mapping[str, Any]) -> None:
    """Refuse what is not served, rather than answer something else.

    Args:
        options: the request's validated options by name; absent ones are missing or `None`.

    Raises:
        UnsupportedParameterError: `param` is the option that asks for more.
    """
    _no_tools(options)
    for name in _AGENT_SWITCHES:
        _must_be_off(options, name, "The tool bridge")
    _must_be_off(options, "chatgpt_image_intercept", "Drawing in answer to a chat")
    if (options.get("n") or 1) != 1:
        raise _not_served("More than one choice", "n")


def _no_tools(options: Mapping[str, Any]) -> None:
    for name in ("tools", "functions"):
        given: Sequence[Any] = options.get(name) or ()
        if given:
            raise _not_served("Calling tools", name)
    for name in ("tool_choice", "function_call"):
        if options.get(name) not in (None, "none", "auto"):
            raise _not_served("Calling tools", name)


def _must_be_off(options: Mapping[str, Any], name: str, what: str) -> None:
    if is_on(options.get(name)):
        raise _not_served(what, name)


def _not_served(what: str, param: str) -> UnsupportedParameterError:
    return UnsupportedParameterError(f"{what} is not served by this version of the bridge.", param=param)
