"""The wire shapes of a streamed chat."""

from __future__ import annotations

from typing import Any

from api.sse import event_json
from bridge.chat.answer import Answer
from bridge.chat.tokens import Usage
from bridge.chat.tools.offer import ToolCall

DONE = b"data: [DONE]\n\n"

_AFTER = b'},"finish_reason":null}]}\n\n'


class Chunks:
    """Writes the chunks of one streamed answer. Everything but the text is the same in each, so it is encoded once.

    Args:
        older: calls are told in the older form, `function_call`.
    """

    def __init__(
        self, *, completion_id: str, created: int, model: str, operation_id: str | None, older: bool = False
    ) -> None:
        self._envelope: dict[str, Any] = {
            "id": completion_id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        if operation_id is not None:
            self._envelope["chatgpt_operation_id"] = operation_id
        self._older = older
        self._before: dict[int, bytes] = {}

    def conversation(self, conversation_id: str) -> None:
        """Name the conversation in all chunks from here on."""
        self._envelope["chatgpt_conversation_id"] = conversation_id
        self._before.clear()

    def role(self, choice: int = 0) -> bytes:
        """The first chunk of a choice."""
        return self._delta({"role": "assistant", "content": ""}, choice)

    def text(self, piece: str, choice: int = 0) -> bytes:
        """A chunk with a piece of the answer."""
        return (self._before.get(choice) or self._encode(choice)) + event_json(piece) + _AFTER

    def thought(self, piece: str, choice: int = 0) -> bytes:
        """A chunk with a piece of what the model shows of its thinking, in the field that most clients read."""
        return self._delta({"reasoning_content": piece}, choice)

    def call(self, call: ToolCall, number: int, choice: int = 0) -> bytes:
        """A chunk with one whole call.

        Args:
            number: which of the answer's calls it is, from 0.
        """
        if self._older:
            return self._delta({"function_call": {"name": call.name, "arguments": call.arguments}}, choice)
        return self._delta({"tool_calls": [{"index": number, **call_object(call)}]}, choice)

    def finish(self, answer: Answer, choice: int = 0, **more: Any) -> bytes:
        """The last chunk of a choice, the only one with a finish reason; `more` is told beside it."""
        delta = {} if answer.refusal is None else {"refusal": answer.refusal}
        finish = {"index": choice, "delta": delta, "finish_reason": finish_reason(answer, older=self._older)}
        return self._event([finish], chatgpt_account=answer.account, **notes(answer), **more)

    def usage(self, usage: Usage) -> bytes:
        """The chunk after the last one, for those who asked for it."""
        return self._event([], usage=usage_object(usage))

    def _delta(self, delta: dict[str, Any], choice: int) -> bytes:
        return self._event([{"index": choice, "delta": delta, "finish_reason": None}])

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return b"data: " + event_json({**self._envelope, "choices": choices, **more}) + b"\n\n"

    def _encode(self, choice: int) -> bytes:
        before = b"data: " + event_json(self._envelope)[:-1] + b',"choices":[{"index":%d,"delta":{"content":' % choice
        self._before[choice] = before
        return before


def error_event(body: dict[str, Any]) -> bytes:
    """An error inside a stream; nothing follows it."""
    return b"data: " + event_json(body) + b"\n\n"


def finish_reason(answer: Answer, *, older: bool) -> str:
    """Why a choice ended, in the words of its client's API."""
    return "function_call" if older and answer.calls else answer.finish_reason


def call_object(call: ToolCall) -> dict[str, Any]:
    """A call in OpenAI's form."""
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}


def notes(answer: Answer) -> dict[str, Any]:
    """What the bridge says of an answer beside it, where there is something to say."""
    told: dict[str, Any] = {}
    if answer.fallback_model is not None:
        told["chatgpt_fallback_model"] = answer.fallback_model
    if answer.calls_left_out:
        told["chatgpt_tool_calls_left_out"] = answer.calls_left_out
    if answer.asked_again:
        told["chatgpt_asked_again"] = True
    return told


def usage_object(usage: Usage) -> dict[str, Any]:
    """Usage, marked as the estimate it is."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "chatgpt_estimated": True,
    }
