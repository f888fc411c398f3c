"""A chat that calls a tool: the model asks, this program runs it, the model answers with what came of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from cli.tour.report import Report, StepFailedError
from cli.tour.scripting import tell
from cli.up.places import Places
from integrations.client import BridgeClient
from integrations.client.models import ChatAnswer, Message

TITLE = "A chat that calls a tool"
_MESSAGE = "When is high water in Whitby today? Look it up."
_TIDES = {"whitby": ["02:31", "14:52"], "oban": ["06:04", "18:20"]}
_TOOL = {
    "type": "function",
    "function": {
        "name": "tide_table",
        "description": "Times of high water in a harbour today.",
        "parameters": {
            "type": "object",
            "properties": {"harbour": {"type": "string"}},
            "required": ["harbour"],
            "additionalProperties": False,
        },
    },
}
_SAYS = [
    'I will look it up.\n\n{"tool_calls": [{"name": "tide_table", "arguments": {"harbour": "Whitby"}}]}',
    "High water in Whitby is at 02:31 and at 14:52 today.",
]


def show(client: BridgeClient, places: Places, report: Report) -> None:
    """Ask with a tool, run the call, and show the answer that the model makes of its result.

    Raises:
        StepFailedError: nothing was called, or the answer does not hold the result.
    """
    tell(places, _MESSAGE, _SAYS)
    asked: list[dict[str, Any]] = [{"role": "user", "content": _MESSAGE}]
    report.fact("asked", _MESSAGE)
    first = _answer(client, asked)
    calls = first.tool_calls
    if not calls:
        raise StepFailedError("the model called no tool")
    report.fact("said", first.content)
    asked.append({"role": "assistant", "content": first.content, "tool_calls": calls})
    for call in calls:
        result = _run(call["function"])
        report.fact("called", f"{call['function']['name']} {call['function']['arguments']}")
        report.fact("it returned", result)
        asked.append({"role": "tool", "tool_call_id": call["id"], "content": result})
    last = _answer(client, asked)
    report.quote(last.content or "")
    if _TIDES["whitby"][1] not in (last.content or ""):
        raise StepFailedError("the answer does not hold what the tool returned")
    report.fact("took", f"{report.seconds() * 1000:.0f} ms, both turns")


def _answer(client: BridgeClient, asked: list[dict[str, Any]]) -> Message:
    answer: ChatAnswer = client.chat({"model": "auto", "messages": asked, "tools": [_TOOL]})
    return answer.choices[0].message if answer.choices else Message()


def _run(function: Mapping[str, Any]) -> str:
    harbour = str(json.loads(function["arguments"])["harbour"])
    return ", ".join(_TIDES.get(harbour.lower(), ["no such harbour"]))
