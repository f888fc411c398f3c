"""Reads calls out of a reply while it comes, and out of a complete one alike.

The rules, in full in docs/tools.md: a call begins at the start of a line, in a fence or tag there, or inside a line
that it then ends. What may be a call is held back until its first keys show that it is none, or it is complete. Prose
passes unchanged, character by character; cutting the input differently changes nothing but where prose is cut.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from bridge.chat.tools import places
from bridge.chat.tools.candidate import Candidate
from bridge.chat.tools.names import Names
from bridge.chat.tools.pieces import Found, Marker, Piece, Spoilt, Voice
from bridge.chat.tools.places import Closing, Kind, Place
from bridge.chat.tools.shapes import Trust
from bridge.chat.tools.tape import Tape
from bridge.chat.tools.value import End

__all__ = ["CallParser", "Found", "Marker", "Piece", "Spoilt"]

_BLANKS = re.compile(r"\s*")
_TOO_MANY = re.compile(r"[}\]]*")
_BYTE_ORDER_MARK = re.compile("\ufeff?")
_NEXT = re.compile(
    r"(?:(?<!\s)\s++|:)"
    rf"(?=[\[<`~]|\{{\s{{0,64}}(?:[{places.QUOTES}]|\Z)|(?:to=)?functions\.|[a-z=]{{0,13}}\Z)"
)
"""White space, or a colon, that something may follow which `places` knows; found in C, since most text is none."""


class CallParser:
    """Text in, pieces out. Time and memory are in proportion to the input, whatever it is."""

    def __init__(self, names: Iterable[str]) -> None:
        """Look for calls of tools of these names; without any, all is prose."""
        self._names = Names(names)
        self._tape = Tape()
        self._voice = Voice()
        self._door = True
        self._line_start = True
        self._candidate: Candidate
        self._closing: Closing
        self._hidden = False
        self._spoilt: list[str] = []
        self._step: Callable[[], bool] = self._begin if self._names else self._pass

    def feed(self, piece: str) -> list[Piece]:
        """What is certain with this piece of the reply."""
        self._tape.add(piece)
        return self._run()

    def end(self) -> list[Piece]:
        """The rest, once the reply is complete. The parser is used up."""
        self._tape.ended = True
        return [*self._run(), *self._voice.finish()]

    def _run(self) -> list[Piece]:
        while self._step():
            pass
        return self._voice.take()

    def _begin(self) -> bool:
        if not self._tape.more:
            return False
        self._voice.wait(self._tape.take_match(_BYTE_ORDER_MARK))
        self._step = self._prose
        return True

    def _pass(self) -> bool:
        self._voice.say(self._rest())
        return False

    def _rest(self) -> str:
        return self._tape.take(len(self._tape.text))

    def _prose(self) -> bool:
        if self._door:
            return self._at_door()
        found = _NEXT.search(self._tape.text, self._tape.at)
        if found is None:
            return self._pass()
        self._voice.say(self._tape.take(found.end()))
        self._door, self._line_start = True, _has_line_end(found[0])
        return True

    def _at_door(self) -> bool:
        blanks = self._tape.take_match(_BLANKS)
        self._voice.wait(blanks)
        self._line_start = self._line_start or _has_line_end(blanks)
        if not self._tape.more:
            return False
        place = places.place(self._tape, self._names, line_start=self._line_start)
        if place is places.MAYBE:
            return False
        self._door = False
        if place is not None:
            self._enter(place)
        return True

    def _enter(self, place: Place) -> None:
        if place.kind is Kind.CODE:
            self._voice.say(self._tape.take(place.end))
            self._go_on(place.closing, hidden=False)
            return
        fenced = place.closing is not None and place.closing.fence
        trust = Trust.LIST if self._line_start and not (fenced and self._voice.shown) else Trust.LOW
        self._candidate = Candidate(self._names, self._voice, trust, alone=not self._line_start)
        self._candidate.enter(self._tape, place)
        self._step = self._try

    def _try(self) -> bool:
        candidate = self._candidate
        end = candidate.run(self._tape)
        if end is End.MORE:
            return False
        if end is End.SPOILT:
            self._spoilt = [candidate.held]
            self._step = self._spoil
            return True
        self._voice.say(candidate.held)
        if end is End.JSON:
            self._step = self._skip
        else:
            self._go_on(candidate.fence, hidden=candidate.told, called=end is End.CALLS)
        return True

    def _skip(self) -> bool:
        """The rest of a value that is no call, where nothing is looked for."""
        text, complete = self._candidate.value.skip(self._tape)
        self._voice.say(text)
        if complete:
            self._go_on(self._candidate.fence, hidden=self._candidate.told)
        return complete

    def _spoil(self) -> bool:
        """The rest of a call that cannot be read."""
        closing = next(iter(self._candidate.closings), None)
        body, mark = closing.until(self._tape) if closing else (self._rest(), None)
        self._spoilt.append(body)
        if mark is None and not self._tape.ended:
            return False
        self._voice.call(Spoilt("".join(self._spoilt), self._candidate.value.why))
        self._voice.hide(mark or "")
        self._go_on(None)
        return mark is not None

    def _code(self) -> bool:
        """The rest of a block of code."""
        body, mark = self._closing.until(self._tape)
        self._voice.say(body)
        if mark is None:
            return False
        if self._hidden:
            self._voice.hide(mark)
        else:
            self._voice.say(mark)
        self._go_on(None)
        return True

    def _go_on(self, fence: Closing | None, *, hidden: bool = False, called: bool = False) -> None:
        """With the rest of a block, or with prose; one call may directly follow another."""
        if fence:
            self._closing, self._hidden = fence, hidden
        self._door = called or self._tape.before.isspace()
        self._line_start = (called and self._line_start) or _has_line_end(self._voice.blanks)
        self._step = self._code if fence else self._behind_call if called else self._prose

    def _behind_call(self) -> bool:
        """Models close more brackets than they opened."""
        self._voice.hide(self._tape.take_match(_TOO_MANY))
        if self._tape.more:
            self._step = self._prose
        return self._tape.more


def _has_line_end(blanks: str) -> bool:
    return "\n" in blanks or "\r" in blanks
