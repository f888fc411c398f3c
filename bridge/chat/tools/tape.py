"""The text of a reply on its way: what has come and was not consumed yet."""

from __future__ import annotations

import re


class Tape:
    """Pieces come in at one end, spans are taken from the other. One character of what was taken stays, so that
    patterns can look behind.

    Attributes:
        text, at: what is there, and where the part that was not consumed begins.
        ended: no more will come.
    """

    def __init__(self) -> None:
        self.text = ""
        self.at = 0
        self.ended = False

    @property
    def more(self) -> bool:
        """Something is there that was not consumed."""
        return self.at < len(self.text)

    @property
    def before(self) -> str:
        """The last character that was consumed."""
        return self.text[self.at - 1 : self.at] if self.at else ""

    def add(self, piece: str) -> None:
        """What came. Consumers leave no more than a bounded rest, so this costs in proportion to the piece."""
        self.text = self.text[max(self.at - 1, 0) :] + piece
        self.at = min(self.at, 1)

    def take(self, end: int) -> str:
        """Consume up to `end`."""
        taken = self.text[self.at : end]
        self.at = end
        return taken

    def take_match(self, pattern: re.Pattern[str]) -> str:
        """Consume what matches here, which may be nothing."""
        found = pattern.match(self.text, self.at)
        return self.take(found.end()) if found else ""

    def reaches_end(self, end: int) -> bool:
        """Whether what ends there may yet go on with what comes next."""
        return end == len(self.text) and not self.ended
