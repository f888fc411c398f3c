"""A response as its client reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from api.chat.chunks import notes
from api.responses.wording import Wording
from bridge.chat.answer import Answer
from bridge.chat.choices import Answered
from bridge.chat.tokens import Usage
from bridge.chat.tools.offer import Offer, ToolCall
from bridge.responses.places import Item


def finished(told: dict[str, Any], answer: Answer, output: Sequence[Item], usage: Usage, *, at: int) -> dict[str, Any]:
    """The response with its answer."""
    cut = answer.finish_reason == "length"
    return {
        **told,
        "status": "incomplete" if cut else "completed",
        "completed_at": None if cut else at,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "output": list(output),
        "usage": usage_object(usage),
        **answered_by(answer),
    }


def response_of(wording: Wording, answered: Answered) -> dict[str, Any]:
    """The response with its answer, as it is kept and told in one piece."""
    answer, told = answered.answers[0], wording.told
    if wording.compacted:
        output = [compaction_item(told["id"], answer.text)]
    else:
        output = output_of(answer, told["id"], wording.offer, with_thoughts=wording.thoughts)
    return finished(told, answer, output, answered.usage, at=int(time.time()))


def answered_by(answer: Answer) -> dict[str, Any]:
    """Who answered, and where."""
    told: dict[str, Any] = {"chatgpt_account": answer.account, **notes(answer)}
    if answer.conversation_id is not None:
        told["chatgpt_conversation_id"] = answer.conversation_id
    return told


def output_of(answer: Answer, response_id: str, offer: Offer | None, *, with_thoughts: bool) -> list[Item]:
    """The items of an answer: thoughts, then words, then calls."""
    items: list[Item] = []
    if with_thoughts and answer.thoughts:
        items.append(reasoning_item(response_id, 0, answer.thoughts))
    if answer.text or answer.refusal is not None or not answer.calls:
        part = refusal_part(answer.refusal) if answer.refusal is not None else text_part(answer.text)
        cut = answer.finish_reason == "length"
        items.append(message_item(response_id, len(items), [part], status="incomplete" if cut else "completed"))
    for call in answer.calls:
        items.append(call_item(response_id, len(items), call, offer))
    return items


def message_item(response_id: str, number: int, content: Sequence[Item], *, status: str = "completed") -> Item:
    """What is said."""
    return {
        "id": _id("msg", response_id, number),
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": list(content),
    }


def reasoning_item(response_id: str, number: int, thoughts: Iterable[str], *, status: str = "completed") -> Item:
    """What the model shows of its thinking."""
    summary = [{"type": "summary_text", "text": thought} for thought in thoughts]
    return {"id": _id("rs", response_id, number), "type": "reasoning", "summary": summary, "status": status}


def compaction_item(response_id: str, sealed: str) -> Item:
    """What stands for everything that was said before."""
    return {"id": _id("cmp", response_id, 0), "type": "compaction", "encrypted_content": sealed}


def call_item(response_id: str, number: int, call: ToolCall, offer: Offer | None, *, empty: bool = False) -> Item:
    """A call, in the words of the tool that it is for.

    Args:
        empty: it has only begun.
    """
    tool = offer.tool(call.name) if offer is not None else None
    freeform = tool is not None and tool.freeform
    item: Item = {
        "id": _id("ctc" if freeform else "fc", response_id, number),
        "type": "custom_tool_call" if freeform else "function_call",
        "status": "in_progress" if empty else "completed",
        "call_id": call.id,
        "name": tool.own_name if tool is not None else call.name,
        "input" if freeform else "arguments": "" if empty else arguments_of(call, freeform=freeform),
    }
    if tool is not None and tool.namespace is not None:
        item["namespace"] = tool.namespace
    return item


def text_part(text: str) -> Item:
    """A part of a message in words."""
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def refusal_part(refusal: str) -> Item:
    """A part of a message that says why there is no answer."""
    return {"type": "refusal", "refusal": refusal}


def usage_object(usage: Usage) -> dict[str, Any]:
    """Usage, marked as the estimate it is."""
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": usage.total,
        "chatgpt_estimated": True,
    }


def arguments_of(call: ToolCall, *, freeform: bool) -> str:
    """What a call brings: JSON, or the text that a freeform tool takes."""
    if not freeform:
        return call.arguments
    return str(json.loads(call.arguments)["input"])


def _id(prefix: str, response_id: str, number: int) -> str:
    """The id of the n-th item of a response: the same for everybody who reads it, and it names its response."""
    return f"{prefix}_{response_id.removeprefix('resp_')}_{number}"
