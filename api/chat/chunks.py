"""The wire shapes of a chat's answer."""

from __future__ import annotations

import json
from typing import Any

from api.keepalive import encoded, json_bytes
from bridge.chat.answer import Answer
from bridge.chat.tokens import Usage

DONE = b"data: [DONE]\n\n"

_AFTER = '},"finish_reason":null}]}\n\n'
_LINE_ENDS = {0x85: "\\u0085", 0x2028: "\\u2028", 0x2029: "\\u2029"}
"""Ends of lines to Unicode and to many clients, though not to the event stream: escaped, so that no event is cut."""


class Chunks:
    """Writes the chunks of one streamed answer. Everything but the text is the same in each, so it is encoded once."""

    def __init__(self, *, completion_id: str, created: int, model: str, operation_id: str | None) -> None:
        self._envelope: dict[str, Any] = {
            "id": completion_id,
            "object": "chat.completion.chunk",
            "created": created,
            "model": model,
        }
        if operation_id is not None:
            self._envelope["chatgpt_operation_id"] = operation_id
        self._encode()

    def conversation(self, conversation_id: str) -> None:
        """Name the conversation in all chunks from here on."""
        self._envelope["chatgpt_conversation_id"] = conversation_id
        self._encode()

    def role(self) -> bytes:
        """The first chunk."""
        return self._event([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])

    def text(self, piece: str) -> bytes:
        """A chunk with a piece of the answer."""
        if piece.isascii():
            return f"{self._before}{encoded(piece)}{_AFTER}".encode()
        text = encoded(piece).translate(_LINE_ENDS)
        try:
            return f"{self._before}{text}{_AFTER}".encode()
        except UnicodeEncodeError:
            # Half of a character, whose other half comes with the next piece: only escapes can carry it.
            return f"{self._before}{json.dumps(piece)}{_AFTER}".encode()

    def finish(self, answer: Answer) -> bytes:
        """The last chunk of the answer, the only one with a finish reason."""
        choice = {"index": 0, "delta": {}, "finish_reason": answer.finish_reason}
        return self._event([choice], chatgpt_account=answer.account)

    def usage(self, usage: Usage) -> bytes:
        """The chunk after the last one, for those who asked for it."""
        return self._event([], usage=usage_object(usage))

    def _event(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return b"data: " + json_bytes({**self._envelope, "choices": choices, **more}) + b"\n\n"

    def _encode(self) -> None:
        self._before = f'data: {encoded(self._envelope)[:-1]},"choices":[{{"index":0,"delta":{{"content":'


def error_event(body: dict[str, Any]) -> bytes:
    """An error inside a stream; nothing follows it."""
    return b"data: " + json_bytes(body) + b"\n\n"


def completion(
    answer: Answer, usage: Usage, *, completion_id: str, created: int, model: str, operation_id: str | None
) -> dict[str, Any]:
    """A whole answer."""
    message = {"role": "assistant", "content": answer.text.strip(), "refusal": None}
    body: dict[str, Any] = {
        "id": completion_id,
        "object": "chat.completion",
        "created": created,
        "model": model,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": answer.finish_reason}],
        "usage": usage_object(usage),
        "chatgpt_account": answer.account,
    }
    if operation_id is not None:
        body["chatgpt_operation_id"] = operation_id
    if answer.conversation_id is not None:
        body["chatgpt_conversation_id"] = answer.conversation_id
    return body


def usage_object(usage: Usage) -> dict[str, Any]:
    """Usage, marked as the estimate it is."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "chatgpt_estimated": True,
    }
