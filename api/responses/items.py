"""A response's input as what is said, and as it is kept."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from bridge.chat import transcript
from bridge.chat.tools.offer import Offer, ToolCall
from bridge.chat.transcript import Role, Said
from bridge.responses.places import Item
from core.errors import InvalidRequestError

_ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_PREFIXES = {"message": "msg", "function_call": "fc", "function_call_output": "fco", "reasoning": "rs"}
_CALLS = ("function_call", "custom_tool_call")
_OUTPUTS = ("function_call_output", "custom_tool_call_output")


def read_items(given: str | Sequence[Any] | None, *, param: str = "input") -> tuple[Item, ...]:
    """The items of an input; a text alone is the user's message.

    Raises:
        InvalidRequestError: one is no object.
    """
    if given is None:
        return ()
    if isinstance(given, str):
        return ({"type": "message", "role": "user", "content": [{"type": "input_text", "text": given}]},)
    return tuple(_typed(item, f"{param}[{number}]") for number, item in enumerate(given))


def tools(items: Sequence[Item]) -> list[Any]:
    """The tools that items bring, as newer clients send them."""
    brought = (item.get("tools") for item in items if item.get("type") == "additional_tools")
    return [tool for some in brought if isinstance(some, list) for tool in some]


def named(items: Sequence[Item], within: str) -> tuple[Item, ...]:
    """The items as they are read back: complete, with parts, and with an id each.

    Args:
        within: the response that they belong to, or another id that is used once.
    """
    return tuple(_whole(item, within, number) for number, item in enumerate(items))


def said(items: Sequence[Item], *, param: str, offer: Offer | None) -> list[Said]:
    """What items say, oldest first, their files not loaded yet; thoughts and items nobody knows say nothing.

    Args:
        offer: the tools, by whose names calls are told to the model.

    Raises:
        InvalidRequestError, UnsupportedParameterError: `param` names the item, or a part of it.
    """
    found = [_said(item, f"{param}[{number}]", offer) for number, item in enumerate(items)]
    return _joined([one for one in found if one is not None])


def unheard(items: Sequence[Item]) -> tuple[str, ...]:
    """The kinds of items that say nothing to the model, without doubles."""
    known = {"message", "reasoning", "compaction", "compaction_trigger", "additional_tools", *_CALLS, *_OUTPUTS}
    return tuple(dict.fromkeys(str(item.get("type")) for item in items if item.get("type") not in known))


def _whole(item: Item, within: str, number: int) -> Item:
    content = item.get("content")
    known = item.get("id")
    shown = dict(item)
    if item.get("type") == "message" and isinstance(content, str):
        kind = "output_text" if item.get("role") == "assistant" else "input_text"
        shown["content"] = [{"type": kind, "text": content}]
    if not isinstance(known, str) or not known:
        prefix = _PREFIXES.get(str(item.get("type")), "item")
        shown["id"] = f"{prefix}_{within.partition('_')[2] or within}_i{number}"
    return {"status": "completed", **shown}


def _typed(item: Any, param: str) -> Item:
    if not isinstance(item, dict):
        raise InvalidRequestError(f"`{param}` must be an object.", param=param)
    return {"type": "message", **item} if "role" in item and not item.get("type") else item


def _said(item: Item, param: str, offer: Offer | None) -> Said | None:
    kind = item.get("type")
    if kind == "message":
        return _message(item, param)
    if kind in _CALLS:
        for field in ("name", "call_id"):
            _word(item, field, param)
        return Said("assistant", "", calls=(_call(item, offer),))
    if kind in _OUTPUTS:
        _word(item, "call_id", param)
        text, files = transcript.content(item.get("output"), f"{param}.output")
        return Said("tool", text, files, call_id=str(item["call_id"]))
    if not isinstance(kind, str):
        raise InvalidRequestError(f"`{param}.type` must be a string.", param=f"{param}.type")
    return None


def _call(item: Item, offer: Offer | None) -> ToolCall:
    """A call as the model is told of it: by the name that its tool is offered by, with a text as its `input`."""
    space, name = item.get("namespace"), str(item["name"])
    tools = offer.tools if offer is not None else ()
    tool = next((one for one in tools if one.own_name == name and one.namespace == space), None)
    if item["type"] == "custom_tool_call":
        arguments = json.dumps({"input": str(item.get("input", ""))}, ensure_ascii=False)
    else:
        arguments = str(item.get("arguments") or "{}")
    return ToolCall(str(item["call_id"]), tool.name if tool is not None else name, arguments)


def _message(item: Item, param: str) -> Said:
    role = item.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise InvalidRequestError(f"`{param}.role` must be one of {', '.join(_ROLES)}.", param=f"{param}.role")
    text, files = transcript.content(item.get("content"), f"{param}.content")
    return Said(_ROLES[role], text, files)


def _word(item: Item, field: str, param: str) -> None:
    if not isinstance(item.get(field), str) or not item[field]:
        raise InvalidRequestError(f"`{param}.{field}` must be a string.", param=f"{param}.{field}")


def _joined(found: Sequence[Said]) -> list[Said]:
    """Calls that follow one another, and the words before them, are one turn of the assistant's."""
    turns: list[Said] = []
    for one in found:
        last = turns[-1] if turns else None
        if last is not None and one.calls and last.role == "assistant":
            turns[-1] = Said("assistant", last.text, last.files, (*last.calls, *one.calls))
        else:
            turns.append(one)
    return turns
