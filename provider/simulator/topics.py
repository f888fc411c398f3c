"""What is followed on the WebSocket, as the numbered items of its topic (docs/protocol.md sections 4.2 and 6.4)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Any

from provider.simulator.research import Research, update_of
from provider.simulator.running import Turn

Item = dict[str, Any]
_EPOCH_MS = 1_790_000_000_000


class Log(ABC):
    """The items of one topic, from number 0; items to come are followed through `source`."""

    def __init__(self, source: Turn | Research, begun_at: float) -> None:
        self.source = source
        self._start_ms = int(begun_at * 1000) % _EPOCH_MS + _EPOCH_MS

    @property
    @abstractmethod
    def length(self) -> int:
        """How many items there are by now."""

    def offset(self, at: int) -> str:
        """The offset of item number `at`; `"0"` is before the first."""
        return "0" if at < 0 else f"{self._start_ms + at}-0"

    def after(self, offset: str) -> int:
        """The number of the first item after an offset."""
        milliseconds = offset.partition("-")[0]
        return max(0, int(milliseconds) - self._start_ms + 1) if milliseconds.isdecimal() else 0

    def items(self, at: int) -> list[Item]:
        """Item number `at`; twice when the scenario duplicates."""
        item = {"type": "message", "topic_id": self.source.topic, **self._payload(at), "offset": self.offset(at)}
        return [item, item] if self.source.scenario.duplicates else [item]

    def follow(self, start: int) -> AsyncIterator[tuple[int, Any]]:
        """The numbers of the items from `start` on as they come; ends with the topic."""
        return self.source.follow(start)

    def end(self) -> Item | None:
        """The item that ends the topic, `None` where it ends without a word."""
        return None

    @abstractmethod
    def _payload(self, at: int) -> Item:
        """The payload of item number `at`."""


class TurnLog(Log):
    """A turn's events."""

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn, turn.submission.at)
        self._turn = turn

    @property
    def length(self) -> int:
        return len(self._turn.events)

    def end(self) -> Item:
        payload = {"type": "done", "conversation_id": self._turn.conversation.id, "turn_id": self._turn.id}
        wrapped = {"payload": {"type": "conversation-turn-stream", "payload": payload}}
        return {"type": "message", "topic_id": self._turn.topic, **wrapped, "offset": self.offset(self.length)}

    def _payload(self, at: int) -> Item:
        event = {
            "type": "stream-item",
            "conversation_id": self._turn.conversation.id,
            "turn_id": self._turn.id,
            "encoded_item": self._turn.events[at].decode(errors="replace"),
            "stream_item_id": f"{self._turn.id}-{at}",
            "parent_stream_item_id": None,
            "server_timestamp_ms": self._start_ms + at,
        }
        return {"payload": {"type": "conversation-turn-stream", "payload": event}}


class ResearchLog(Log):
    """A research's states; with the scenario `no_push` nobody hears of them."""

    def __init__(self, research: Research) -> None:
        super().__init__(research, research.begun_at)
        self._research = research

    @property
    def length(self) -> int:
        return 0 if self._research.scenario.no_push else len(self._research.states)

    async def follow(self, start: int) -> AsyncIterator[tuple[int, Any]]:
        async for at, state in self._research.follow(start):
            if not self._research.scenario.no_push:
                yield at, state

    def _payload(self, at: int) -> Item:
        told = update_of(self._research, self._research.states[at])
        return {"payload": {"type": "conversation-update", "payload": told}}


def log_of(source: Turn | Research | None) -> Log | None:
    """The topic of what is followed."""
    if source is None:
        return None
    return TurnLog(source) if isinstance(source, Turn) else ResearchLog(source)
