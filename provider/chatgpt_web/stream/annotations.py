"""Inline markers of private-use characters, docs/protocol.md section 3.8."""

from __future__ import annotations

import json
import re

_OPEN, _CLOSE, _FIELD = "\ue200", "\ue201", "\ue202"
_STRAY = re.compile("[\ue200-\ue20f]")
# Half a character of an escaped pair that upstream cut in two could not be sent on as UTF-8.
_SPECIAL = re.compile("[\ue200-\ue20f\ud800-\udfff]")
_HIGH_SURROGATES = ("\ud800", "\udbff")
_BLANKS = " \t"
_BRACKETS = re.compile("[ \t]*\u3010[^\u3010\u3011]*\u2020[^\u3010\u3011]*\u3011")


class AnnotationFilter:
    """Takes a message's raw text piece by piece and gives what a person should see of it.

    What it returns is never taken back: an open marker, the blanks before it and blanks that may yet turn out to stand
    before one are held back until more text, or `finish`, decides.
    """

    __slots__ = ("_blanks", "_block", "_high")

    def __init__(self) -> None:
        self._blanks = ""
        self._block: list[str] | None = None
        self._high = ""

    def feed(self, text: str) -> str:
        """What became safe to show; empty when more text is needed."""
        if self._block is None and not self._high and (text.isascii() or not _SPECIAL.search(text)):
            return self._hold_blanks(text)
        return self._marked(self._whole_characters(text))

    def finish(self) -> str:
        """The blanks that were held back. A marker that was never closed is dropped with the blanks before it."""
        rest = "" if self._block is not None else self._blanks
        if self._high:
            rest += "\ufffd"
        self._blanks, self._block, self._high = "", None, ""
        return rest

    def _hold_blanks(self, text: str) -> str:
        if self._blanks:
            text = self._blanks + text
        body = text.rstrip(_BLANKS)
        self._blanks = text[len(body) :]
        return body

    def _whole_characters(self, text: str) -> str:
        text = self._high + text
        self._high = ""
        if text and _HIGH_SURROGATES[0] <= text[-1] <= _HIGH_SURROGATES[1]:
            text, self._high = text[:-1], text[-1]
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    def _marked(self, text: str) -> str:
        shown: list[str] = []
        while text:
            if self._block is None:
                head, opening, text = text.partition(_OPEN)
                shown.append(self._hold_blanks(_STRAY.sub("", head)))
                if opening:
                    self._block = []
                continue
            inside, closing, text = text.partition(_CLOSE)
            self._block.append(inside)
            if closing:
                kept = _kept("".join(self._block))
                if kept:
                    shown.append(self._blanks + kept)
                self._block, self._blanks = None, ""
        return "".join(shown)


def plain_text(text: str) -> str:
    """The whole text of a finished message without its markers."""
    annotations = AnnotationFilter()
    return annotations.feed(text) + annotations.finish()


def plain_report(text: str) -> str:
    """As `plain_text`, and without the bracket citations that research reports carry."""
    return _BRACKETS.sub("", plain_text(text))


def _kept(block: str) -> str:
    """What stays of one marker: a link's label, an entity's name, otherwise nothing."""
    kind, *fields = block.split(_FIELD)
    if not fields:
        return ""
    if kind == "url":
        return _STRAY.sub("", fields[0])
    if kind == "entity":
        return _STRAY.sub("", _entity_name(fields[0]))
    return ""


def _entity_name(field: str) -> str:
    try:
        entity = json.loads(field)
    except (ValueError, RecursionError):
        return ""
    if isinstance(entity, list) and len(entity) > 1 and isinstance(entity[1], str):
        return entity[1]
    return ""
