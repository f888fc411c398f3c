"""What a command prints: results on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any

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


def columns(rows: Iterable[Sequence[str]]) -> None:
    """A result of several lines with as many columns: each as wide as its widest cell."""
    lines = [tuple(row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*lines, strict=True)]
    for line in lines:
        result("  ".join(f"{cell:<{width}}" for cell, width in zip(line, widths, strict=True)).rstrip())


def note(text: str) -> None:
    """A line for the person in front of the terminal."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def failure(
    what: str, *, code: str, fault: str, action: str, param: str | None = None, wait_seconds: float | None = None
) -> None:
    """Say in two lines what went wrong, whose fault it is and what to do.

    Args:
        param: the field that is wrong; named where the advice speaks of it.
        wait_seconds: how long to wait before another try.
    """
    note(f"error: {what} [{code}; at fault: {_WHOSE.get(fault, fault)}]")
    note(f"what to do: {action}")
    if param is not None and "`param`" in action:
        note(f"param: {param}")
    if wait_seconds is not None:
        note(f"Retry-After: {wait_seconds:.0f} s")


def word(value: object) -> str:
    """A value as people read it: `yes`, `200`, `a, b`, `high=2, low=1`; `-` for an empty list."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
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
