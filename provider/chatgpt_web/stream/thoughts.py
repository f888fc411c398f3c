"""What a model shows of its thinking, docs/protocol.md section 3.7: messages of thoughts become numbered parts."""

from __future__ import annotations

from provider.chatgpt_web.stream.visible import Message, as_object, role
from provider.interface.turns import ThoughtDelta


class Thoughts:
    """The parts of one turn and how much of each has been told; a thought that upstream rewrites is not told again."""

    def __init__(self) -> None:
        self._told: dict[tuple[object, int], tuple[int, str]] = {}

    def update(self, message: Message) -> list[ThoughtDelta]:
        """What is new in a message, which may be none of thoughts at all."""
        content = as_object(message.get("content"))
        thoughts = content.get("thoughts")
        if content.get("content_type") != "thoughts" or not isinstance(thoughts, list) or role(message) != "assistant":
            return []
        news = (self._grown((message.get("id"), index), _text(thought)) for index, thought in enumerate(thoughts))
        return [delta for delta in news if delta is not None]

    def _grown(self, key: tuple[object, int], text: str) -> ThoughtDelta | None:
        part, told = self._told.get(key, (len(self._told), ""))
        if len(text) <= len(told) or not text.startswith(told):
            return None
        self._told[key] = part, text
        return ThoughtDelta(text[len(told) :], part)


def _text(thought: object) -> str:
    """A thought as Markdown: its summary as a heading, then its words."""
    summary, words = as_object(thought).get("summary"), as_object(thought).get("content")
    heading = f"**{summary.strip()}**" if isinstance(summary, str) and summary.strip() else ""
    return "\n\n".join(part for part in (heading, words if isinstance(words, str) else "") if part)
