"""The events of a streamed response, in the order of OpenAI's specification and numbered without gaps."""

from __future__ import annotations

import time
from typing import Any, TypeAlias

from api.responses.objects import (
    arguments_of,
    call_item,
    compaction_item,
    finished,
    message_item,
    reasoning_item,
    refusal_part,
    text_part,
)
from bridge.chat.answer import Answer
from bridge.chat.tokens import Usage
from bridge.chat.tools.offer import Offer, ToolCall
from bridge.responses.places import Item

Event: TypeAlias = dict[str, Any]


class ResponseEvents:
    """What is told of one response while it comes. The same input gives the same events, whoever reads them.

    Items come one after the other: thoughts, words, calls; each is closed before the next begins.

    Args:
        told: the response before anything was answered.
        offer: the tools that may be called.
        thoughts: what the model shows of its thinking is told.
        compacted: the answer's text is a sealed summary, told at its end.
    """

    def __init__(self, told: dict[str, Any], offer: Offer | None, *, thoughts: bool, compacted: bool = False) -> None:
        self._compacted = compacted
        self._told = told
        self._id: str = told["id"]
        self._offer = offer
        self._with_thoughts = thoughts
        self._number = 0
        self._output: list[Item] = []
        self._thoughts: list[str] = []
        self._text: list[str] = []
        self._open: Item | None = None
        self._place: dict[str, Any] = {}

    def begin(self, *, queued: bool = False) -> list[Event]:
        """The response exists.

        Args:
            queued: it waits; `started` says when it does not any more.
        """
        told = {**self._told, "status": "queued"} if queued else self._told
        events = [self._event("response.created", response=told)]
        return events + ([self._event("response.queued", response=told)] if queued else self.started())

    def started(self) -> list[Event]:
        """It is being answered."""
        return [self._event("response.in_progress", response=self._told)]

    def thought(self, piece: str, part: int) -> list[Event]:
        """A piece of the model's thinking; what comes after the first words is not told."""
        if not self._with_thoughts or self._output or (self._open is not None and not self._thoughts):
            return []
        events: list[Event] = []
        if self._open is None:
            events += self._begin_item(reasoning_item(self._id, 0, (), status="in_progress"))
        if part == len(self._thoughts):
            events += self._close_thought()
            self._thoughts.append("")
            events.append(self._within("response.reasoning_summary_part.added", summary_index=part, part=_thought("")))
        self._thoughts[part] += piece
        return [*events, self._within("response.reasoning_summary_text.delta", summary_index=part, delta=piece)]

    def text(self, piece: str) -> list[Event]:
        """A piece of the answer."""
        if self._compacted:
            return []
        events = self._open_message(text_part("")) if not self._text else []
        self._text.append(piece)
        return [*events, self._within("response.output_text.delta", content_index=0, delta=piece, logprobs=[])]

    def call(self, call: ToolCall) -> list[Event]:
        """A call; the words before it are complete."""
        events = [*self._close_thoughts(), *self._close_message()]
        number = len(self._output)
        item = call_item(self._id, number, call, self._offer)
        freeform = item["type"] == "custom_tool_call"
        words = arguments_of(call, freeform=freeform)
        kind = "response.custom_tool_call_input" if freeform else "response.function_call_arguments"
        whole = {"input": words} if freeform else {"arguments": words, "name": item["name"]}
        return [
            *events,
            *self._begin_item(call_item(self._id, number, call, self._offer, empty=True)),
            self._within(f"{kind}.delta", delta=words),
            self._within(f"{kind}.done", **whole),
            self._end_item(item),
        ]

    def finish(self, answer: Answer, usage: Usage) -> list[Event]:
        """The answer is complete, or was cut; every word and call of it was told before, but for a refusal."""
        events = self._close_thoughts()
        if self._compacted:
            item = compaction_item(self._id, answer.text)
            events += [*self._begin_item(item), self._end_item(item)]
        elif answer.refusal is not None:
            events += self._refuse(answer.refusal)
        elif not self._text and not answer.calls:
            events += self._open_message(text_part(""))
        events += self._close_message(cut=answer.finish_reason == "length")
        response = finished(self._told, answer, self._output, usage, at=int(time.time()))
        return [*events, self._event(f"response.{response['status']}", response=response)]

    def fail(self, code: str, message: str) -> list[Event]:
        """It ends without an answer; what was said until then stays said."""
        output = [*self._output, *([self._message("incomplete")] if self._text else [])]
        response = {**self._told, "status": "failed", "error": {"code": code, "message": message}, "output": output}
        return [self._event("response.failed", response=response)]

    def cancel(self) -> list[Event]:
        """Somebody ended it."""
        return [self._event("response.incomplete", response={**self._told, "status": "cancelled"})]

    # --- Items

    def _begin_item(self, item: Item) -> list[Event]:
        self._open = item
        self._place = {"output_index": len(self._output), "item_id": item["id"]}
        return [self._event("response.output_item.added", output_index=len(self._output), item=item)]

    def _end_item(self, item: Item) -> Event:
        event = self._event("response.output_item.done", output_index=len(self._output), item=item)
        self._output.append(item)
        self._open = None
        return event

    def _open_message(self, part: Item) -> list[Event]:
        events = self._close_thoughts()
        events += self._begin_item(message_item(self._id, len(self._output), (), status="in_progress"))
        return [*events, self._within("response.content_part.added", content_index=0, part=part)]

    def _close_message(self, *, cut: bool = False) -> list[Event]:
        if self._open is None:
            return []
        text, item = "".join(self._text), self._message("incomplete" if cut else "completed")
        self._text = []
        return [
            self._within("response.output_text.done", content_index=0, text=text, logprobs=[]),
            self._within("response.content_part.done", content_index=0, part=text_part(text)),
            self._end_item(item),
        ]

    def _refuse(self, refusal: str) -> list[Event]:
        part = refusal_part(refusal)
        return [
            *self._open_message(refusal_part("")),
            self._within("response.refusal.delta", content_index=0, delta=refusal),
            self._within("response.refusal.done", content_index=0, refusal=refusal),
            self._within("response.content_part.done", content_index=0, part=part),
            self._end_item(message_item(self._id, len(self._output), [part])),
        ]

    def _close_thought(self) -> list[Event]:
        if not self._thoughts:
            return []
        part, text = len(self._thoughts) - 1, self._thoughts[-1]
        return [
            self._within("response.reasoning_summary_text.done", summary_index=part, text=text),
            self._within("response.reasoning_summary_part.done", summary_index=part, part=_thought(text)),
        ]

    def _close_thoughts(self) -> list[Event]:
        if not self._thoughts or self._output:
            return []
        events = self._close_thought()
        return [*events, self._end_item(reasoning_item(self._id, 0, self._thoughts))]

    def _message(self, status: str) -> Item:
        return message_item(self._id, len(self._output), [text_part("".join(self._text))], status=status)

    def _within(self, kind: str, **fields: Any) -> Event:
        return self._event(kind, **self._place, **fields)

    def _event(self, kind: str, **fields: Any) -> Event:
        event = {"type": kind, "sequence_number": self._number, **fields}
        self._number += 1
        return event


def _thought(text: str) -> Item:
    return {"type": "summary_text", "text": text}
