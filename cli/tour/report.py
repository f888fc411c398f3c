"""What a tour writes, and what it fails with."""

from __future__ import annotations

import textwrap
import time

from cli import output

_WIDTH = 100


class StepFailedError(Exception):
    """A step of the tour did not show what it should; the text says what was wrong."""


class Report:
    """Writes a step: its title, its facts as an aligned list, words of an answer as a quoted block."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    def begin(self, title: str) -> None:
        """Start a step and its clock."""
        self._started = time.monotonic()
        output.result(f"\n== {title} ==")

    def seconds(self) -> float:
        """Since the step began."""
        return time.monotonic() - self._started

    def fact(self, name: str, value: object) -> None:
        """One fact; `None` is left out."""
        if value is not None:
            output.result(f"  {name:<14} {value}")

    def quote(self, text: str) -> None:
        """Words of an answer."""
        for paragraph in text.splitlines():
            output.result(textwrap.indent(textwrap.fill(paragraph, _WIDTH), "  | ") or "  |")
