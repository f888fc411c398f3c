"""Questions on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Sequence


class Leave(Exception):
    """Nobody answers any more. `interrupted`: by Ctrl-C."""

    def __init__(self, *, interrupted: bool) -> None:
        super().__init__()
        self.interrupted = interrupted


def answer(question: str, *, default: str | None = None) -> str:
    """What is typed, trimmed; an empty line is the default, and is asked again where there is none.

    Raises:
        Leave: Ctrl-C, or the end of the input.
    """
    shown = f"{question} [{default}]: " if default else f"{question}: "
    while True:
        sys.stderr.write(shown)
        sys.stderr.flush()
        try:
            given = sys.stdin.readline()
        except KeyboardInterrupt:
            raise Leave(interrupted=True) from None
        if not given:
            raise Leave(interrupted=False)
        if given.strip():
            return given.strip()
        if default is not None:
            return default


def chosen(question: str, names: Sequence[str], *, also: Sequence[str] = (), default: str | None = None) -> str:
    """One of the names, which are shown with numbers, or of the words beside them; asked again until it is one.

    Raises:
        Leave: as `answer`.
    """
    for number, name in enumerate(names, 1):
        sys.stderr.write(f"  {number:>4}  {name}\n")
    while (given := answer(question, default=default)) not in (*names, *also):
        if given.isdecimal() and 1 <= int(given) <= len(names):
            return names[int(given) - 1]
        sys.stderr.write(f"There is no {given!r}.\n")
    return given
