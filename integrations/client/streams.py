"""A streamed chat answer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any


class ChatStream:
    """Iterates over the pieces of text; what the chunks say beside them is there when they have come.

    Attributes:
        id, model, operation_id, conversation_id: as the chunks name them.
        finish_reason: `None` until the end.
    """

    def __init__(self, events: Iterator[dict[str, Any]]) -> None:
        self._events = events
        self.id: str | None = None
        self.model: str | None = None
        self.operation_id: str | None = None
        self.conversation_id: str | None = None
        self.finish_reason: str | None = None

    def __iter__(self) -> Iterator[str]:
        for event in self._events:
            self._take_names(event)
            for choice in event.get("choices", ()):
                self.finish_reason = choice.get("finish_reason") or self.finish_reason
                text = choice.get("delta", {}).get("content")
                if text:
                    yield text

    def _take_names(self, event: dict[str, Any]) -> None:
        self.id = event.get("id") or self.id
        self.model = event.get("model") or self.model
        self.operation_id = event.get("chatgpt_operation_id") or self.operation_id
        self.conversation_id = event.get("chatgpt_conversation_id") or self.conversation_id
