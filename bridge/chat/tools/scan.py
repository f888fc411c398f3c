"""Follows one JSON-like value through text that comes in pieces, and writes down what it says in strict JSON.

Beside JSON (RFC 8259) it takes what models write and what can be read in one way only: raw line ends in strings, a
comma before a closing bracket, typographic quotes as delimiters, and Python's quotes, `True`, `False` and `None`.
Whatever else is wrong breaks the value there; nothing is guessed, since a command that was guessed would be run.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import TypeAlias

from bridge.chat.tools.literals import QUOTES, WORD_STARTS, Quoted, Word

DEPTH = 100
"""Deepest nesting, which also keeps the recursive parsers behind this one from their limits."""

_BLANKS = " \t\r\n\u00a0"
_BRACKETS = {"{": "}", "[": "]"}


class Event(Enum):
    """Why the scanner stopped.

    `MORE`: the text is used up. `KEY`, `SCALAR`, `OPENED`: a key, a value that holds no others, or the bracket of one
    that does, at a watched depth. `ENDED`: the value is complete. `BROKEN`: what comes next cannot be part of it.
    """

    MORE = 1
    KEY = 2
    SCALAR = 3
    OPENED = 4
    ENDED = 5
    BROKEN = 6


_Step: TypeAlias = Callable[[str, int], tuple[Event, int]]


class Scanner:
    """Reads a value from its opening bracket on; never reads a character twice, so any length costs in proportion.

    Attributes:
        depth: brackets that are open.
        text: the last key or scalar, or the last bracket that opened.
        why: why the value broke, as a sentence for the model.
    """

    def __init__(self, watched: int = -1) -> None:
        """Stop for keys and values inside no more than `watched` brackets; -1 is never."""
        self._watched = watched
        self.text = ""
        self.why = ""
        self._clean: list[str] = []
        self._open: list[str] = []
        self._comma = False
        self._literal: Quoted | Word | None = None
        self._is_key = False
        self._step: _Step = self._value

    @property
    def depth(self) -> int:
        return len(self._open)

    @property
    def clean(self) -> str:
        """What was read so far, as strict JSON without white space outside strings."""
        return "".join(self._clean)

    def forget(self) -> None:
        """Let go of what was read; the value is only followed to its end from here on."""
        self._clean.clear()
        self._watched = -1

    def feed(self, text: str, at: int) -> tuple[Event, int]:
        """Read on from `at` in `text`; the second of what is returned is the first character that was not read."""
        size = len(text)
        while at < size:
            if self._literal is not None:
                event, at = self._read_literal(self._literal, text, at)
            elif text[at] in _BLANKS:
                at += 1
                continue
            else:
                event, at = self._step(text, at)
            if event is not Event.MORE:
                return event, at
        return Event.MORE, at

    def _value(self, text: str, at: int) -> tuple[Event, int]:
        mark = text[at]
        if mark == "]" and self._open[-1:] == ["]"]:
            return self._close(at)
        if mark in _BRACKETS:
            return self._push(mark, at)
        if mark in QUOTES:
            return self._begin(Quoted(mark), at + 1)
        if mark in WORD_STARTS:
            return self._begin(Word(), at)
        return self._break(at, f"a value cannot begin with {mark!r}")

    def _push(self, mark: str, at: int) -> tuple[Event, int]:
        if len(self._open) == DEPTH:
            return self._break(at, f"it is nested deeper than {DEPTH} levels")
        self._write_comma()
        self._clean.append(mark)
        self._step = self._key if mark == "{" else self._value
        self.text = mark
        # The depth that counts is the one around the bracket.
        event = self._told(Event.OPENED)
        self._open.append(_BRACKETS[mark])
        return event, at + 1

    def _key(self, text: str, at: int) -> tuple[Event, int]:
        mark = text[at]
        if mark == "}":
            return self._close(at)
        if mark in QUOTES:
            return self._begin(Quoted(mark), at + 1, is_key=True)
        return self._break(at, f"a key must begin with a quote, not with {mark!r}")

    def _colon(self, text: str, at: int) -> tuple[Event, int]:
        if text[at] != ":":
            return self._break(at, f"a colon must follow the key {self.text[:60]!r}")
        self._clean.append(":")
        self._step = self._value
        return Event.MORE, at + 1

    def _next(self, text: str, at: int) -> tuple[Event, int]:
        mark = text[at]
        if mark == ",":
            self._comma = True
            self._step = self._key if self._open[-1] == "}" else self._value
            return Event.MORE, at + 1
        if mark == self._open[-1]:
            return self._close(at)
        return self._break(
            at, f"a comma or {self._open[-1]!r} must follow a value, not {mark!r}; is a quote unescaped?"
        )

    def _close(self, at: int) -> tuple[Event, int]:
        """Close the innermost bracket; a comma before it is left out."""
        self._comma = False
        self._clean.append(self._open.pop())
        self._step = self._next
        return (Event.MORE if self._open else Event.ENDED), at + 1

    def _begin(self, literal: Quoted | Word, at: int, *, is_key: bool = False) -> tuple[Event, int]:
        self._write_comma()
        self._literal, self._is_key = literal, is_key
        return Event.MORE, at

    def _read_literal(self, literal: Quoted | Word, text: str, at: int) -> tuple[Event, int]:
        ended, at = literal.feed(text, at)
        if not ended:
            return Event.MORE, at
        self._literal = None
        self.text = literal.text
        if literal.clean is None:
            return self._break(at, f"{self.text[:60]!r} is no JSON value")
        self._clean.append(literal.clean)
        self._step = self._colon if self._is_key else self._next
        return self._told(Event.KEY if self._is_key else Event.SCALAR), at

    def _told(self, event: Event) -> Event:
        return event if len(self._open) <= self._watched else Event.MORE

    def _write_comma(self) -> None:
        if self._comma:
            self._clean.append(",")
            self._comma = False

    def _break(self, at: int, why: str) -> tuple[Event, int]:
        self.why = f"It is no valid JSON: {why}."
        return Event.BROKEN, at
