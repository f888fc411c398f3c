"""Reading a capture from the terminal it is pasted into, or from a pipe."""

from __future__ import annotations

import io
import os
import sys
import termios
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from cli import output

END = "END_CAPTURE"
"""The line that ends a capture pasted into a terminal."""

_LOCAL_FLAGS, _KEYS = 3, 6


def pasted() -> str:
    """What is pasted up to a line `END`, or the end of the input; a terminal shows nothing of it.

    Raises:
        KeyboardInterrupt: Ctrl-C; the terminal is as it was before.
    """
    if not sys.stdin.isatty():
        return _to_end(sys.stdin)
    with _hidden(sys.stdin.fileno()) as end_key:
        output.note(f"Paste the copied request, then a line {END}; what you paste is not shown:")
        lines = io.TextIOWrapper(io.BufferedReader(_Typed(sys.stdin.fileno(), end_key)), "utf-8", errors="replace")
        text = _to_end(lines)
    output.note(f"Read {len(text)} characters.")
    return text


def _to_end(lines: Iterable[str]) -> str:
    kept: list[str] = []
    for line in lines:
        if line.strip() == END:
            break
        kept.append(line)
    return "".join(kept)


@contextmanager
def _hidden(terminal: int) -> Iterator[bytes]:
    """Have a terminal give its input as it comes and show none of it; yields the key that ends the input.

    Put together line by line, a terminal's input loses whatever of a line is beyond 4,095 characters, and a capture's
    cookies are longer than that.
    """
    before, now = termios.tcgetattr(terminal), termios.tcgetattr(terminal)
    now[_LOCAL_FLAGS] &= ~(termios.ICANON | termios.ECHO)
    now[_KEYS][termios.VMIN], now[_KEYS][termios.VTIME] = 1, 0
    termios.tcsetattr(terminal, termios.TCSADRAIN, now)
    try:
        yield before[_KEYS][termios.VEOF]
    finally:
        # The rest of a paste that was broken off must not become commands of the shell.
        termios.tcsetattr(terminal, termios.TCSAFLUSH, before)


class _Typed(io.RawIOBase):
    """What is typed; ends with a key, which such a terminal passes on like any other."""

    def __init__(self, terminal: int, end_key: bytes) -> None:
        self._terminal = terminal
        self._end_key = end_key
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        if self._ended:
            return 0
        typed, end, _ = os.read(self._terminal, len(buffer)).partition(self._end_key)
        self._ended = bool(end)
        buffer[: len(typed)] = typed
        return len(typed)
