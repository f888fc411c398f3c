"""A chat's answer as one object."""

from __future__ import annotations

from typing import Any

from api.answers.asked import Identity
from api.chat.chunks import call_object, finish_reason, notes, usage_object
from bridge.chat.answer import Answer
from bridge.chat.choices import Answered
from bridge.chat.tokens import Usage


def completion(
    answered: Answered, named: Identity, *, model: str, older: bool = False, with_thoughts: bool = False
) -> dict[str, Any]:
    """A whole answer.

    Args:
        model: the name as the client wrote it.
        older: calls are told in the older form, `function_call`.
        with_thoughts: tell what the model showed of its thinking.
    """
    first = answered.answers[0]
    choices = [
        _choice(answer, number, older=older, with_thoughts=with_thoughts)
        for number, answer in enumerate(answered.answers)
    ]
    body: dict[str, Any] = {
        "id": named.completion_id,
        "object": "chat.completion",
        "created": named.created,
        "model": model,
        "choices": choices,
        "usage": usage_object(answered.usage),
        "chatgpt_account": first.account,
        **notes(first),
    }
    if named.operation_id is not None:
        body["chatgpt_operation_id"] = named.operation_id
    if first.conversation_id is not None:
        body["chatgpt_conversation_id"] = first.conversation_id
    return body


def of_text(text: str, usage: Usage, *, account: str, conversation_id: str | None = None) -> Answered:
    """An answer in words that no chat has brought."""
    return Answered((Answer(text, "stop", account, conversation_id, None),), usage)


def _choice(answer: Answer, number: int, *, older: bool, with_thoughts: bool) -> dict[str, Any]:
    message: dict[str, Any] = {
        "role": "assistant",
        "content": _content(answer),
        "refusal": answer.refusal,
        "annotations": [],
    }
    if answer.calls and older:
        only = answer.calls[0]
        message["function_call"] = {"name": only.name, "arguments": only.arguments}
    elif answer.calls:
        message["tool_calls"] = [call_object(call) for call in answer.calls]
    if with_thoughts and answer.thoughts:
        message["reasoning_content"] = "\n\n".join(answer.thoughts)
    reason = finish_reason(answer, older=older)
    return {"index": number, "message": message, "logprobs": None, "finish_reason": reason}


def _content(answer: Answer) -> str | None:
    """The text of an answer; none where it is a refusal, or calls alone."""
    text = answer.text.strip()
    return text or (None if answer.calls or answer.refusal is not None else "")
