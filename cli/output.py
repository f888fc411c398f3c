"""What a command prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType, TracebackType
from typing import Any

_NOTHING: Mapping[int, str] = MappingProxyType({})

_WHOSE = {
    "caller": "the request",
    "account": "the account",
    "upstream": "ChatGPT",
    "bridge": "the bridge",
    "configuration": "the configuration",
}


def result(text: str) -> None:
    """One line, or several, of what was asked for."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def piece(text: str) -> None:
    """A part of an answer as it arrives, without a line's end."""
    sys.stdout.write(text)
    sys.stdout.flush()


def data(value: Any) -> None:
    """A result for scripts: JSON with two spaces, sorted keys and literal non-ASCII."""
    result(json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, default=str))


def fields(**values: object) -> None:
    """A result for people and simple scripts: `name=value` lines; values that are `None` are left out."""
    for name, value in values.items():
        if value is not None:
            result(f"{name}={word(value)}")


def number(value: float) -> str:
    """A number as people write it: counters come as fractions, and nobody has 5.0 pictures left."""
    from bridge.routing.reasons import number as written

    return written(value)


def table(heading: Sequence[str], rows: Sequence[Sequence[str]], beneath: Mapping[int, str] = _NOTHING) -> None:
    """Rows under a heading, in columns that are as wide as what stands in them.

    Args:
        beneath: by the number of a row, from 0, a line to be printed below it.
    """
    widths = [max(len(row[column]) for row in (heading, *rows)) for column in range(len(heading))]
    for place, row in enumerate((heading, *rows), -1):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        result("  ".join(cells).rstrip())
        if place in beneath:
            result(f"{'':<{widths[0]}}  -> {beneath[place]}")


def note(text: str) -> None:
    """A line for the person in front of the terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def failure(what: str, *, code: str, fault: str, action: str) -> None:
    """Say in two lines what went wrong, whose fault it is and what to do."""
    note(f"error: {what} [{code}; at fault: {_WHOSE.get(fault, fault)}]")
    note(f"what to do: {action}")


def word(value: object) -> str:
    """A value as people read it: `yes`, `200`, `a, b`, `high=2, low=1`; `-` for an empty list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={word(item)}" for name, item in value.items()) or "-"
    if isinstance(value, list | tuple):
        return ", ".join(word(item) for item in value) or "-"
    return str(value)


class Progress:
    """One line on stderr that says what is being waited for and how long already.

    On a terminal the line is drawn again in place; elsewhere a new one is written every 15 s.
    """

    _EVERY_SECONDS = 15.0

    def __init__(self, text: str) -> None:
        self._text = text
        self._terminal = sys.stderr.isatty()
        self._started = time.monotonic()
        self._written = self._started

    def __enter__(self) -> Progress:
        sys.stderr.write(f"{self._text} ..." + ("" if self._terminal else "\n"))
        sys.stderr.flush()
        return self

    def tick(self) -> None:
        """Show the time; call it as often as convenient."""
        now = time.monotonic()
        if self._terminal:
            sys.stderr.write(f"\r{self._text} ... {now - self._started:.0f} s")
        elif now - self._written >= self._EVERY_SECONDS:
            self._written = now
            sys.stderr.write(f"{self._text} ... {now - self._started:.0f} s\n")
        sys.stderr.flush()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._terminal:
            sys.stderr.write("\n")
            sys.stderr.flush()
