"""Which message a change belongs to: documents of channels and snapshots become the messages of one turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from provider.chatgpt_web.stream.visible import Answer, Message, Part, as_object, is_visible, metadata, raw_text, role


class TurnMessages:
    """The messages of a turn by their id, over all legs of it (HTTP, topic, resume).

    Attributes:
        answer: the text to show of them.
        worked: a message that is not the user's has appeared.
        image_task_id: task of the picture that is being made, `None` when there is none.
        model_slug: what the newest visible message says is answering.
        system_error: words of the last system error message, `None` when there was none.
    """

    def __init__(self, *, known_ids: Collection[str] = (), sent_answers: Iterable[str] = ()) -> None:
        self.answer = Answer()
        self.worked = False
        self.image_task_id: str | None = None
        self.model_slug: str | None = None
        self.system_error: str | None = None
        self._known_ids = frozenset(known_ids)
        self._unechoed = Counter(text.strip() for text in sent_answers)
        self._parts: dict[object, Part] = {}
        self._channels: dict[int, Part] = {}
        self._echoes: list[Part] = []

    def at(self, channel: int, document: Any) -> Part | None:
        """The message that the channel's document holds, `None` while it holds none."""
        message = as_object(document).get("message")
        if not isinstance(message, dict):
            self._channels.pop(channel, None)
            return None
        part = self._part(message, channel)
        self._channels[channel] = part
        return part

    def of(self, message: Message) -> Part:
        """The message of a snapshot."""
        return self._part(message, None)

    def bound(self, channel: int) -> Part | None:
        """The message last seen in the channel."""
        return self._channels.get(channel)

    def update(self, part: Part, message: Message, *, rewritten: bool) -> str:
        """Read the message anew after a change that was more than text at its end; returns what to show now."""
        if not part.ignored:
            self._read(message)
        return self.answer.update(part, message, rewritten=rewritten)

    def unskip_echo(self) -> str:
        """Count the last skipped repetition after all, when nothing else answers: a model may repeat itself.

        One that came before the user's message is history and stays skipped.
        """
        parts = list(self._parts.values())
        if not self._echoes or any(is_visible(part.message) and not part.ignored for part in parts):
            return ""
        part = self._echoes.pop()
        if any(role(later.message) == "user" for later in parts[parts.index(part) :]):
            return ""
        part.ignored = False
        return self.answer.update(part, part.message, rewritten=True)

    def _part(self, message: Message, channel: int | None) -> Part:
        identity = message.get("id")
        key: object = identity if isinstance(identity, str) and identity else ("channel", channel)
        part = self._parts.get(key)
        if part is None:
            part = Part(message)
            self._parts[key] = part
            self._judge(part, message)
            self.answer.add(part)
        return part

    def _judge(self, part: Part, message: Message) -> None:
        identity = message.get("id")
        if isinstance(identity, str) and identity in self._known_ids:
            part.ignored = True
        elif is_visible(message) and message.get("status") == "finished_successfully":
            text = raw_text(message).strip()
            if text and self._unechoed[text] > 0:
                self._unechoed[text] -= 1
                part.ignored = True
                self._echoes.append(part)

    def _read(self, message: Message) -> None:
        author = role(message)
        if author in ("user", "system", None):
            return
        self.worked = True
        facts = metadata(message)
        task = facts.get("image_gen_task_id")
        if isinstance(task, str) and task:
            self.image_task_id = task
        content = as_object(message.get("content"))
        if content.get("content_type") == "system_error":
            words = content.get("text") or content.get("name")
            self.system_error = words if isinstance(words, str) else ""
        slug = facts.get("resolved_model_slug") or facts.get("model_slug")
        if isinstance(slug, str) and is_visible(message):
            self.model_slug = slug
