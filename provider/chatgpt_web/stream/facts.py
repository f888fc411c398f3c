"""What the typed events of a stream tell, docs/protocol.md section 3.6."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from provider.chatgpt_web.stream.visible import as_object


@dataclass(frozen=True, slots=True)
class Handoff:
    """The turn goes on elsewhere.

    Attributes:
        topic_id: opaque.
        via: `topic` when it can be followed on the WebSocket, `resume` when only the HTTP resume was offered.
    """

    topic_id: str
    via: Literal["topic", "resume"]


@dataclass(slots=True)
class StreamFacts:
    """Everything the stream said beside the messages.

    Attributes:
        resume_token: credential of the read-only HTTP resume; never logged.
        title: the conversation's new title.
        limits: the last `conversation_detail_metadata` document, as in section 2.2.
        model_slug: what upstream says answered.
        handoffs: where the turn was handed to, WebSocket topics first, without repetitions.
        blocked: moderation stopped the turn.
        complete: `message_stream_complete` was seen.
        async_status: the asynchronous status that was announced last.
        turn_id: the turn's exchange id.
    """

    resume_token: str | None = field(default=None, repr=False)
    title: str | None = None
    limits: dict[str, Any] | None = None
    model_slug: str | None = None
    handoffs: tuple[Handoff, ...] = ()
    blocked: bool = False
    complete: bool = False
    async_status: int | str | None = None
    turn_id: str | None = None

    def take(self, event: dict[str, Any]) -> None:
        """Remember what a typed event says; unknown ones say nothing."""
        kind = event["type"]
        if kind == "message_stream_complete":
            self.complete = True
        elif kind == "resume_conversation_token":
            self.resume_token = _text(event.get("token")) or self.resume_token
        elif kind == "title_generation":
            self.title = _text(event.get("title")) or self.title
        elif kind == "conversation_detail_metadata":
            self.limits = event
        elif kind == "server_ste_metadata":
            self._server_metadata(as_object(event.get("metadata")))
        elif kind == "stream_handoff":
            self._handoff(event)
        elif kind == "moderation":
            self.blocked = self.blocked or as_object(event.get("moderation_response")).get("blocked") is True
        elif kind == "conversation_async_status":
            self.async_status = event.get("async_status")

    def _server_metadata(self, facts: dict[str, Any]) -> None:
        self.model_slug = _text(facts.get("resolved_model_slug")) or _text(facts.get("model_slug")) or self.model_slug
        self.turn_id = _text(facts.get("turn_exchange_id")) or self.turn_id

    def _handoff(self, event: dict[str, Any]) -> None:
        self.turn_id = _text(event.get("turn_exchange_id")) or self.turn_id
        options = event.get("options")
        offered = [as_object(option) for option in options] if isinstance(options, list) else []
        topics = {_text(option.get("topic_id")) for option in offered if option.get("type") == "subscribe_ws_topic"}
        for option in offered:
            topic = _text(option.get("topic_id"))
            if topic and all(known.topic_id != topic for known in self.handoffs):
                handoff = Handoff(topic, "topic" if topic in topics else "resume")
                self.handoffs = tuple(sorted((*self.handoffs, handoff), key=lambda known: known.via != "topic"))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
