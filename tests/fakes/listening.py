"""A listener that keeps what it hears."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from bridge.chat.tools.offer import ToolCall


@dataclass
class Heard:
    """Everything in order. `begins`: hearing text counts as having begun."""

    begun: bool = False
    begins: bool = True
    accounts: list[str] = field(default_factory=list)
    conversations: list[str] = field(default_factory=list)
    pieces: list[str] = field(default_factory=list)
    by_choice: dict[int, list[str]] = field(default_factory=dict)
    thoughts: list[tuple[int, str]] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    spoken: asyncio.Event = field(default_factory=asyncio.Event)

    async def accepted(self, account: str) -> None:
        self.accounts.append(account)

    def conversation(self, conversation_id: str) -> None:
        self.conversations.append(conversation_id)

    async def thought(self, piece: str, part: int, choice: int = 0) -> None:
        self.thoughts.append((part, piece))

    async def text(self, piece: str, choice: int = 0) -> None:
        self.begun = self.begins
        self.pieces.append(piece)
        self.by_choice.setdefault(choice, []).append(piece)
        self.spoken.set()

    async def call(self, call: ToolCall, choice: int = 0) -> None:
        self.begun = self.begins
        self.calls.append(call)
