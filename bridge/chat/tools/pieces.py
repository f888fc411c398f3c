"""What a reply consists of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Found:
    """A call in text form, not validated yet.

    Attributes:
        name: the tool's name as the model wrote it, without a `functions.` before it.
        arguments_text: JSON text of an object where that could be read, else the model's own text.
        raw: the reply's text it was read from; of several calls in one object the first has it, the others have "".
    """

    name: str
    arguments_text: str = field(repr=False)
    raw: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Spoilt:
    """What is surely meant as a call of an offered tool but cannot be read; `why` is a sentence for the model."""

    raw: str = field(repr=False)
    why: str


@dataclass(frozen=True, slots=True)
class Marker:
    """What only surrounds calls: fence lines, tags and white space. Nobody is shown it."""

    raw: str


Piece: TypeAlias = str | Found | Spoilt | Marker
"""A string is prose to be shown at once."""


class Voice:
    """Collects pieces in order. White space is kept back until it is known what follows it.

    Attributes:
        shown: some prose has gone out.
    """

    def __init__(self) -> None:
        self.shown = False
        self._pieces: list[Piece] = []
        self._prose: list[str] = []
        self._blanks: list[str] = []
        self._called = False

    @property
    def blanks(self) -> str:
        """The white space that waits."""
        return "".join(self._blanks)

    def wait(self, blanks: str) -> None:
        """White space that is prose if prose follows, and belongs to a call if one does."""
        if blanks:
            self._blanks.append(blanks)

    def say(self, text: str) -> None:
        """Prose; the white space at its end waits, and so does that before the first of it."""
        if not self.shown:
            begun = text.lstrip()
            self.wait(text[: len(text) - len(begun)])
            text = begun
        told = text.rstrip()
        if told:
            self._settle_blanks(prose=self.shown or not self._called)
            self._prose.append(told)
            self.shown = True
        self.wait(text[len(told) :])

    def hide(self, text: str) -> None:
        """A marker, and the white space before it."""
        self._settle_blanks(prose=False)
        if text:
            self._add(Marker(text))

    def call(self, piece: Found | Spoilt) -> None:
        """A call, or what was meant as one."""
        self._settle_blanks(prose=False)
        self._add(piece)
        self._called = True

    def take(self) -> list[Piece]:
        """What is certain by now."""
        self._end_prose()
        pieces, self._pieces = self._pieces, []
        return pieces

    def finish(self) -> list[Piece]:
        """All the rest. White space at the end of a reply that calls is shown to nobody."""
        self._settle_blanks(prose=not self._called)
        return self.take()

    def _settle_blanks(self, *, prose: bool) -> None:
        if not self._blanks:
            return
        blanks = self.blanks
        self._blanks.clear()
        if prose:
            self._prose.append(blanks)
        else:
            self._add(Marker(blanks))

    def _add(self, piece: Piece) -> None:
        self._end_prose()
        self._pieces.append(piece)

    def _end_prose(self) -> None:
        if self._prose:
            self._pieces.append("".join(self._prose))
            self._prose.clear()
