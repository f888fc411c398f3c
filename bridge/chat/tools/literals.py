"""Strings and words of JSON-like text, on their way: fed with pieces, written down in strict JSON."""

from __future__ import annotations

import re

_CLOSERS = {'"': '"', "'": "'", "“": "”", "”": "”", "‘": "’", "’": "’"}
_BODIES = {closer: re.compile(rf"[^\\{closer}]+") for closer in set(_CLOSERS.values())}
_WORD = re.compile(r"[-+.0-9A-Za-z_]+")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS = {"true": "true", "false": "false", "null": "null", "True": "true", "False": "false", "None": "null"}

QUOTES = frozenset(_CLOSERS)
WORD_STARTS = frozenset("-0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


class Quoted:
    """A string from behind its first quote on; JSON's, Python's or a typographer's.

    Attributes:
        text: what stands between JSON's quotes, with JSON's escapes. An escape that JSON does not have stays as it is,
            and makes the text unreadable.
    """

    def __init__(self, quote: str) -> None:
        self._quote = _CLOSERS[quote]
        self._body = _BODIES[self._quote]
        self._parts: list[str] = []
        self._escaped = False

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def clean(self) -> str:
        """The whole string in JSON."""
        return f'"{self.text}"'

    def feed(self, text: str, at: int) -> tuple[bool, int]:
        """Read on: whether the string has ended, and where."""
        while at < len(text):
            if self._escaped:
                self._parts.append(self._escape(text[at]))
                self._escaped = False
                at += 1
            elif found := self._body.match(text, at):
                at = found.end()
                self._parts.append(found[0] if self._quote == '"' else found[0].replace('"', '\\"'))
            elif text[at] == "\\":
                self._escaped = True
                at += 1
            else:
                return True, at + 1
        return False, at

    def _escape(self, mark: str) -> str:
        if mark == self._quote != '"':
            return mark
        return "\\u00" if mark == "x" and self._quote == "'" else f"\\{mark}"


class Word:
    """A number, or one of JSON's words or Python's."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        return "".join(self._parts)

    @property
    def clean(self) -> str | None:
        """The word in JSON, `None` if it is none."""
        text = self.text
        return _WORDS.get(text) or (text if _NUMBER.fullmatch(text) else None)

    def feed(self, text: str, at: int) -> tuple[bool, int]:
        """Read on: whether the word has ended, which only the next character tells, and where."""
        found = _WORD.match(text, at)
        if found is None:
            return True, at
        self._parts.append(found[0])
        return found.end() < len(text), found.end()
