"""What a person sees of a turn, docs/protocol.md section 3.7: which messages count, and their text as it grows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

from provider.chatgpt_web.stream.annotations import AnnotationFilter, plain_text

Message: TypeAlias = dict[str, Any]

FinishReason = Literal["stop", "length", "cancelled"]

_SEPARATOR = "\n\n"
_REASONS: dict[object, FinishReason] = {"max_tokens": "length", "interrupted": "cancelled"}


def as_object(value: object) -> dict[str, Any]:
    """`value` if it is a JSON object, else an empty one: upstream may send null almost anywhere."""
    return value if isinstance(value, dict) else {}


def role(message: Message) -> str | None:
    """The author's role."""
    value = as_object(message.get("author")).get("role")
    return value if isinstance(value, str) else None


def metadata(message: Message) -> dict[str, Any]:
    """The message's metadata, empty when there is none."""
    return as_object(message.get("metadata"))


def parts(message: Message) -> list[Any]:
    """The content's parts, empty when there are none."""
    value = as_object(message.get("content")).get("parts")
    return value if isinstance(value, list) else []


def is_visible(message: Message) -> bool:
    """Whether the message is part of the answer."""
    flags = metadata(message)
    return (
        role(message) == "assistant"
        and message.get("recipient") in (None, "all")
        and message.get("channel") in (None, "final")
        and as_object(message.get("content")).get("content_type") in ("text", "multimodal_text")
        and flags.get("is_visually_hidden_from_conversation") is not True
        and flags.get("is_thinking_preamble_message") is not True
    )


def raw_text(message: Message) -> str:
    """The message's text with its inline markers."""
    return "".join(part for part in parts(message) if isinstance(part, str))


def answer_text(messages: Iterable[Message]) -> str:
    """The text of the visible ones among `messages`, joined with blank lines, markers removed."""
    texts = (plain_text(raw_text(message)) for message in messages if is_visible(message))
    return _SEPARATOR.join(text for text in texts if text)


def finish_reason(message: Message | None) -> FinishReason:
    """Why the model ended, from the last visible message."""
    details = as_object(metadata(message).get("finish_details")) if message else {}
    kind = details.get("type")
    return _REASONS.get(kind, "stop") if isinstance(kind, str) else "stop"


class Part:
    """One message of the turn and how much of its text has been shown.

    Attributes:
        message: the live message object.
        ignored: it existed before this turn, or repeats what the request said; it never counts.
        visible: whether it counts now.
    """

    __slots__ = ("_filter", "_length", "_shown", "begun", "ignored", "message", "visible", "waiting")

    def __init__(self, message: Message, *, ignored: bool = False) -> None:
        self.message = message
        self.ignored = ignored
        self.visible = False
        self.begun = False
        self.waiting = ""
        self._filter = AnnotationFilter()
        self._length = 0
        self._shown = 0

    @property
    def is_open(self) -> bool:
        """Whether upstream says that it is still writing the message."""
        return self.message.get("status") == "in_progress"

    def grow(self, text: str) -> str:
        """Take text appended to the end; returns what is new to the reader.

        Only lengths are compared, so a text that upstream writes again (a replay, a snapshot, a rewrite) shows nothing
        until it has grown past what was shown.
        """
        return self._new(self._filter.feed(text))

    def rewrite(self, text: str) -> str:
        """Take the whole text anew; returns what is new to the reader."""
        self._filter = AnnotationFilter()
        self._length = 0
        return self.grow(text)

    def finish(self) -> str:
        """What was held back in case a marker followed."""
        return self._new(self._filter.finish())

    def _new(self, piece: str) -> str:
        self._length += len(piece)
        surplus = self._length - self._shown
        if surplus <= 0:
            return ""
        self._shown = self._length
        return piece if surplus == len(piece) else piece[-surplus:]


class Answer:
    """The messages of one turn in the order in which they appeared, and the text to show of them.

    Every text this returns continues the one before it. Texts of different messages never mix: while a message is still
    being written, those behind it wait.
    """

    __slots__ = ("_begun", "_front", "_parts", "_streaming")

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._front = 0
        self._begun = False
        self._streaming: Part | None = None

    def add(self, part: Part) -> None:
        """A new message, behind all others."""
        self._parts.append(part)

    def grow(self, part: Part, text: str) -> str:
        """`text` was appended to the end of the part; returns what to show now."""
        if not part.visible:
            return ""
        piece = part.grow(text)
        if part is self._streaming:
            return piece
        part.waiting += piece
        return self._release()

    def update(self, part: Part, message: Message, *, rewritten: bool) -> str:
        """The part is `message` now; `rewritten` when its text may have changed too. Returns what to show now."""
        was_visible = part.visible
        part.message = message
        part.visible = not part.ignored and is_visible(message)
        if part.visible and not was_visible and not self._begun:
            self._front = 0
        if not part.visible:
            part.waiting = ""
        elif rewritten or not was_visible:
            part.waiting += part.rewrite(raw_text(message))
        return self._release()

    def finish(self) -> str:
        """The turn is over; returns everything that still waited."""
        return self._release(final=True)

    @property
    def messages(self) -> list[Message]:
        """The messages of the turn and everything of the user's, in order; no others that were there before."""
        return [part.message for part in self._parts if not part.ignored or role(part.message) == "user"]

    @property
    def visible_messages(self) -> list[Message]:
        """The messages that count, in order."""
        return [part.message for part in self._parts if part.visible]

    def _release(self, *, final: bool = False) -> str:
        shown: list[str] = []
        self._streaming = None
        while self._front < len(self._parts):
            part = self._parts[self._front]
            stays = not final and (self._front == len(self._parts) - 1 or (part.visible and part.is_open))
            if part.visible:
                shown.append(self._take(part, "" if stays else part.finish()))
            if stays:
                self._streaming = part if part.begun else None
                break
            self._front += 1
        return "".join(shown)

    def _take(self, part: Part, tail: str) -> str:
        text = part.waiting + tail
        part.waiting = ""
        if text and not part.begun:
            part.begun = True
            text = _SEPARATOR + text if self._begun else text
            self._begun = True
        return text
