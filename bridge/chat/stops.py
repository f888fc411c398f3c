"""Where an answer is cut: at a stop word, or after so many tokens. Upstream knows neither."""

from __future__ import annotations

from bridge.usage import tokens


class StopWords:
    """Lets an answer through up to the first stop word.

    Attributes:
        stopped: the word has come; nothing is shown from here on.
    """

    def __init__(self, words: tuple[str, ...]) -> None:
        self.stopped = False
        self._words = words
        self._held = ""

    def feed(self, piece: str) -> str:
        """What may be shown now; the end of the piece is held back while it may be the beginning of a word."""
        if not self._words:
            return piece
        if self.stopped:
            return ""
        text = self._held + piece
        places = [place for place in (text.find(word) for word in self._words) if place >= 0]
        if places:
            self.stopped, self._held = True, ""
            return text[: min(places)]
        kept = max(_overlap(text, word) for word in self._words)
        self._held = text[len(text) - kept :]
        return text[: len(text) - kept]

    def finish(self) -> str:
        """What was held back, now that nothing follows."""
        held, self._held = self._held, ""
        return held


class TokenLimit:
    """Lets an answer through until it has so many tokens.

    Attributes:
        reached: nothing is shown from here on.
    """

    def __init__(self, most: int | None) -> None:
        self.reached = False
        self._most = most
        self._text = ""
        self._free = most or 0

    def feed(self, piece: str) -> str:
        """What of the piece still fits."""
        if self._most is None:
            return piece
        if self.reached:
            return ""
        self._free -= len(piece.encode("utf-8", "replace"))
        before = len(self._text)
        self._text += piece
        if self._free >= 0:
            # A token is a byte at least: without counting it is clear that this fits.
            return piece
        fits, counted = tokens.beginning(self._text, self._most)
        self.reached = len(fits) < len(self._text)
        self._free = self._most - counted
        return fits[before:]


def _overlap(text: str, word: str) -> int:
    """How many characters at the end of the text may be the beginning of the word."""
    longest = min(len(text), len(word) - 1)
    return next((size for size in range(longest, 0, -1) if word.startswith(text[-size:])), 0)
