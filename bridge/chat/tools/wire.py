"""The offer of a request: its tools and what it says about choosing among them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridge.chat.tools.definitions import read_functions, read_tools
from bridge.chat.tools.offer import Choice, Offer, PromptMode, Tool
from core.errors import InvalidRequestError

_WORDS: dict[str, Choice] = {"auto": "auto", "none": "none", "required": "required"}


def read_offer(body: Mapping[str, Any], mode: PromptMode = PromptMode.OPTIMIZED) -> Offer:
    """Read the tools of a Chat Completions or Responses body; nothing of them in it is an empty offer.

    Reads `tools`, `tool_choice` and `parallel_tool_calls`; without `tools` the older `functions` and `function_call`,
    which know no parallel calls.

    Raises:
        InvalidRequestError: `param` names what is wrong.
    """
    older = not body.get("tools") and bool(body.get("functions"))
    choosing = "function_call" if older else "tool_choice"
    if older:
        defined = read_functions(body["functions"], "functions")
    else:
        defined = read_tools(body.get("tools") or [], "tools")
    parallel = body.get("parallel_tool_calls")
    if parallel is not None and not isinstance(parallel, bool):
        raise _wrong("parallel_tool_calls", "must be a boolean")
    offer = Offer(tools=defined.tools, parallel=not older and parallel is not False, mode=mode, ignored=defined.ignored)
    return _chosen(offer, body.get(choosing), choosing)


def _chosen(offer: Offer, choice: Any, param: str) -> Offer:
    if choice is None:
        return offer
    if isinstance(choice, str):
        return _by_word(offer, choice, param)
    if not isinstance(choice, dict):
        raise _wrong(param, "must be a string or an object")
    kind = choice.get("type", "function")
    if kind == "allowed_tools":
        return _allowed(offer, choice, param)
    if kind in ("function", "custom"):
        return replace(offer, named=_named(offer, choice, param).name)
    if kind in offer.ignored:
        return offer
    raise _wrong(param, f"names {kind!r}, which `tools` does not offer")


def _by_word(offer: Offer, word: str, param: str) -> Offer:
    choice = _WORDS.get(word)
    if choice is None:
        raise _wrong(param, "must be none, auto, required, or name a tool")
    if choice == "required" and not offer.tools:
        if not offer.ignored:
            raise _wrong(param, "asks for a call, but no tool is offered")
        # A hosted tool that is not offered cannot be forced either.
        return offer
    return replace(offer, choice=choice)


def _allowed(offer: Offer, choice: dict[str, Any], param: str) -> Offer:
    """Only some of the tools; the shape of Chat Completions has one object more around them."""
    inner, at = choice.get("allowed_tools"), param
    if isinstance(inner, dict):
        choice, at = inner, f"{param}.allowed_tools"
    entries = choice.get("tools")
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise _wrong(f"{at}.tools", "must be an array of objects")
    wanted = [entry for entry in entries if entry.get("type", "function") in ("function", "custom")]
    names = {_named(offer, entry, f"{at}.tools").name for entry in wanted}
    kept = replace(offer, tools=tuple(tool for tool in offer.tools if tool.name in names))
    return _by_word(kept, choice.get("mode", "auto"), f"{at}.mode")


def _named(offer: Offer, entry: dict[str, Any], param: str) -> Tool:
    inner = entry.get("function") or entry.get("custom") or entry
    name = inner.get("name") if isinstance(inner, dict) else None
    space = entry.get("namespace")
    if not isinstance(name, str):
        raise _wrong(param, "must name a tool")
    for tool in offer.tools:
        if tool.name == name or (tool.namespace is not None and (tool.namespace, tool.member) == (space, name)):
            return tool
    raise _wrong(param, f"names {name[:100]!r}, which `tools` does not offer")


def _wrong(param: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"`{param}` {what}.", param=param)
