"""A conversation as blocks of text: one a message, its calls numbered and its results matched with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from bridge.chat.tools.jsontext import dumps, loads, whole
from bridge.chat.tools.offer import ToolCall

PICTURE_TOKENS = 765
_FRAME_TOKENS = 12
_KEPT_ROLES = ("system", "developer")


class File(Protocol):
    """Something that was sent with a message."""

    @property
    def kind(self) -> Literal["picture", "document"]: ...
    @property
    def name(self) -> str: ...


class Message(Protocol):
    """One message of a transcript.

    Attributes:
        role: `system`, `developer`, `user`, `assistant` or `tool`.
        files: come before its text.
        calls: what an assistant called.
        call_id, name: of the call that a tool's result belongs to, as far as the client says.
    """

    @property
    def role(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def files(self) -> Sequence[File]: ...
    @property
    def calls(self) -> tuple[ToolCall, ...]: ...
    @property
    def call_id(self) -> str | None: ...
    @property
    def name(self) -> str | None: ...


@dataclass(slots=True)
class Block:
    """One message on its way into the prompt.

    Attributes:
        label: who speaks, and the numbers of calls.
        calls: number, name and arguments of each call.
        group: the block with the call that this result belongs to, or its own number: they stay or go together.
        fixed: it stays whole.
        current: it comes after the latest message of the user.
        words: the tokens of its body as it is now.
        gone: it is left out.
    """

    label: str
    role: str
    text: str
    files: Sequence[File]
    group: int
    calls: list[tuple[str, Any]] = field(default_factory=list)
    fixed: bool = False
    current: bool = False
    words: int = 0
    gone: bool = False

    @property
    def tokens(self) -> int:
        """What it costs with its label and its files."""
        return self.words + _FRAME_TOKENS + PICTURE_TOKENS * len(self.files)

    @property
    def body(self) -> str:
        """Its text, and its calls in the form that models are asked for."""
        if not self.calls:
            return self.text
        form = dumps({"tool_calls": [{"name": name, "arguments": arguments} for name, arguments in self.calls]})
        return f"{self.text}\n{form}" if self.text else form


def blocks(transcript: Sequence[Message]) -> list[Block]:
    """The blocks of a transcript in its order, with those marked that have to stay whole: system messages, the latest
    message of the user and all after it, calls without a result, and results that the assistant has still to see."""
    reader = _Reader()
    found = [reader.block(at, message) for at, message in enumerate(transcript)]
    latest = max((at for at, block in enumerate(found) if block.role == "user"), default=0)
    last = max((at for at, block in enumerate(found) if block.role == "assistant"), default=-1)
    results = Counter(block.group for at, block in enumerate(found) if block.group != at)
    for at, block in enumerate(found):
        block.current = at > latest
        unfinished = len(block.calls) > results[at] or (block.role == "tool" and at > last)
        block.fixed = block.role in _KEPT_ROLES or at >= latest or unfinished
        # A result that stays is nothing without its call.
        found[block.group].fixed |= block.fixed
    return found


class _Reader:
    """Numbers calls, and finds the call of each result: by its id, else by its name, the latest first."""

    def __init__(self) -> None:
        self._count = 0
        self._open: dict[str, list[tuple[int, int, str]]] = {}

    def block(self, at: int, message: Message) -> Block:
        """The block of the message at this place."""
        label, group = message.role, at
        if message.calls:
            numbers = [self._opened(at, call) for call in message.calls]
            label += f", call {' and '.join(map(str, numbers))}"
        elif message.role == "tool":
            label, group = self._matched(at, message)
        calls = [(call.name, _arguments(call)) for call in message.calls]
        return Block(label, message.role, whole(message.text), message.files, group, calls)

    def _opened(self, at: int, call: ToolCall) -> int:
        self._count += 1
        for key in (f"id {call.id}", f"name {call.name}"):
            self._open.setdefault(key, []).append((self._count, at, call.name))
        return self._count

    def _matched(self, at: int, result: Message) -> tuple[str, int]:
        key = f"id {result.call_id}" if result.call_id else f"name {result.name}"
        waiting = self._open.get(key)
        if waiting:
            number, caller, name = waiting.pop()
            return f"result of call {number}, {_on_a_line(name)}", caller
        named = f"{_on_a_line(result.name)}, " if result.name else ""
        return f"result of {named}a call that is not in this conversation", at


def _on_a_line(name: str) -> str:
    return " ".join(name[:128].split())


def _arguments(call: ToolCall) -> Any:
    try:
        return loads(call.arguments)
    except ValueError:
        return whole(call.arguments)
