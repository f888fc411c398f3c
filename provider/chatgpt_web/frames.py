"""The WebSocket frames of a topic, docs/protocol.md section 4: commands out, frames in; no socket."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from provider.chatgpt_web.stream.visible import as_object

BEGINNING = "0"
"""The offset before a topic's first message. All other offsets are opaque."""

Command: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subscribed:
    """Upstream accepted the subscription; what it held follows as items.

    `history_lost`: upstream no longer has what came after our offset, so the stored conversation is the only source.
    """

    last_offset: str | None
    history_lost: bool


@dataclass(frozen=True, slots=True)
class SubscribeRefused:
    """Upstream answered the subscription with an error or for another topic; subscribing once more is worth a try."""

    reason: str


@dataclass(frozen=True, slots=True)
class StreamItem:
    """A piece of the turn that was not seen before: server-sent event text for `TurnReader.feed_item`."""

    text: str


@dataclass(frozen=True, slots=True)
class TopicDone:
    """The turn is finished."""


@dataclass(frozen=True, slots=True)
class TopicFailed:
    """The turn failed; `error` is upstream's words or object."""

    error: object


@dataclass(frozen=True, slots=True)
class TurnCompleted:
    """A hint that a turn of the conversation is complete and can be read."""

    conversation_id: str | None


@dataclass(frozen=True, slots=True)
class ConversationUpdate:
    """Something changed in a conversation, perhaps not in ours: `add-messages`, `async-task-completed`, ..."""

    conversation_id: str | None
    update_type: str
    content: dict[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TopicMessage:
    """A message of the topic that is no piece of a turn and was not seen before."""

    payload: dict[str, Any] = field(repr=False)


FrameEvent = (
    Subscribed
    | SubscribeRefused
    | StreamItem
    | TopicDone
    | TopicFailed
    | TurnCompleted
    | ConversationUpdate
    | TopicMessage
)


def connect_command(number: int) -> Command:
    """The first command of a connection."""
    presence = {"type": "presence", "state": "foreground"}
    return {"id": number, "command": {"type": "connect", "presence": presence}}


def subscribe_command(number: int, topic_id: str, offset: str) -> Command:
    """Asks for everything of the topic after `offset`."""
    return {"id": number, "command": {"type": "subscribe", "topic_id": topic_id, "offset": offset}}


def unsubscribe_command(number: int, topic_id: str) -> Command:
    """Ends a subscription."""
    return {"id": number, "command": {"type": "unsubscribe", "topic_id": topic_id}}


def encode(*commands: Command) -> str:
    """One text frame to send."""
    return json.dumps(commands, separators=(",", ":"))


class TopicFrames:
    """Our side of one topic, kept over all connections to it.

    Attributes:
        topic_id: opaque.
        offset: what the next subscription continues from.
        accepted: stream items that were passed on.
        duplicates: stream items that came again and were dropped.
        ignored_frames: frames that were not JSON, or neither an object nor a list.
    """

    def __init__(self, topic_id: str, offset: str = BEGINNING) -> None:
        self.topic_id = topic_id
        self.offset = offset
        self.accepted = 0
        self.duplicates = 0
        self.ignored_frames = 0
        self._seen: set[str] = set()
        self._number = 0
        self._subscription: tuple[int, str] | None = None

    def open(self) -> str:
        """The first frame of a new connection: connect, and subscribe from where we are."""
        self._number = 0
        return encode(connect_command(self._next()), self._subscribe())

    def subscribe(self) -> str:
        """Subscribe again on the same connection, from where we are."""
        return encode(self._subscribe())

    def unsubscribe(self) -> str:
        """The last frame of a connection."""
        return encode(unsubscribe_command(self._next(), self.topic_id))

    def read(self, frame: str | bytes) -> list[FrameEvent]:
        """What a frame means. Several items or one bare object; `[]` is a keep-alive; anything unknown means nothing.

        The offset moves with the items, so read every frame to its end before subscribing anew.
        """
        try:
            items = json.loads(frame)
        except (ValueError, RecursionError):
            self.ignored_frames += 1
            return []
        if isinstance(items, dict):
            items = [items]
        if not isinstance(items, list):
            self.ignored_frames += 1
            return []
        return [event for item in items if isinstance(item, dict) for event in self._item(item)]

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _subscribe(self) -> Command:
        number = self._next()
        self._subscription = (number, self.offset)
        return subscribe_command(number, self.topic_id, self.offset)

    def _item(self, item: Mapping[str, Any]) -> Iterator[FrameEvent]:
        kind = item.get("type")
        if kind == "reply":
            yield from self._reply(item)
        elif kind == "message":
            yield from self._message(item)
        elif kind == "conversation-update":
            yield from _update(as_object(item.get("payload")))

    def _reply(self, item: Mapping[str, Any]) -> Iterator[FrameEvent]:
        reply = as_object(item.get("reply"))
        number, requested = self._subscription or (None, self.offset)
        error = item.get("error") or reply.get("error")
        if reply.get("topic_id") == self.topic_id and not error:
            yield from self._subscribed(reply, requested)
        elif number is not None and item.get("id") == number:
            yield SubscribeRefused(_words(error) or "The reply names another topic.")

    def _subscribed(self, reply: Mapping[str, Any], requested: str) -> Iterator[FrameEvent]:
        last = reply.get("last_offset")
        last_offset = last if isinstance(last, str) and last else None
        catchups = reply.get("catchups")
        missed = [item for item in catchups if isinstance(item, dict)] if isinstance(catchups, list) else []
        lost = reply.get("recovered") is False and not missed and last_offset not in (None, requested)
        yield Subscribed(last_offset, lost)
        for item in missed:
            yield from self._item(item)
        if last_offset is not None:
            self.offset = last_offset

    def _message(self, item: Mapping[str, Any]) -> Iterator[FrameEvent]:
        payload = as_object(item.get("payload"))
        inner = as_object(payload.get("payload"))
        kind = payload.get("type")
        if kind == "conversation-turn-complete":
            yield TurnCompleted(_identity(inner) or _identity(payload))
        elif kind == "conversation-update":
            yield from _update(inner)
        if item.get("topic_id") != self.topic_id:
            return
        offset = item.get("offset")
        if kind == "conversation-turn-stream":
            yield from self._turn(inner, offset)
        elif payload and self._is_new(None, offset):
            yield TopicMessage(payload)
        if isinstance(offset, str) and offset:
            self.offset = offset

    def _turn(self, inner: Mapping[str, Any], offset: object) -> Iterator[FrameEvent]:
        kind = inner.get("type")
        text = inner.get("encoded_item")
        if kind == "stream-item" and isinstance(text, str):
            if self._is_new(inner.get("stream_item_id"), offset):
                self.accepted += 1
                yield StreamItem(text)
        elif kind == "done":
            yield TopicDone()
        elif kind == "error":
            yield TopicFailed(inner.get("error") or inner.get("message") or "")

    def _is_new(self, item_id: object, offset: object) -> bool:
        # Equal text under different keys is a repetition that upstream meant.
        if isinstance(item_id, str) and item_id:
            key = f"item {item_id}"
        elif isinstance(offset, str) and offset:
            key = f"offset {offset}"
        else:
            key = ""
        if key and key in self._seen:
            self.duplicates += 1
            return False
        self._seen.add(key)
        return True


def _update(payload: Mapping[str, Any]) -> Iterator[ConversationUpdate]:
    kind = payload.get("update_type")
    if isinstance(kind, str):
        yield ConversationUpdate(_identity(payload), kind, as_object(payload.get("update_content")))


def _identity(payload: Mapping[str, Any]) -> str | None:
    identity = payload.get("conversation_id")
    return identity if isinstance(identity, str) else None


def _words(error: object) -> str:
    if isinstance(error, str):
        return error
    message = as_object(error).get("message")
    return message if isinstance(message, str) else ("The subscription failed." if error else "")
