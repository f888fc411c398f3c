"""What may be a call: its surroundings, its value, and what has to follow that."""

from __future__ import annotations

import re

from bridge.chat.tools import places
from bridge.chat.tools.names import Names
from bridge.chat.tools.pieces import Voice
from bridge.chat.tools.places import Closing, Kind, Place
from bridge.chat.tools.shapes import Trust
from bridge.chat.tools.tape import Tape
from bridge.chat.tools.value import End, Value

_BLANKS = re.compile(r"\s*")
_BETWEEN = re.compile(r"[\s,;}\]]*")
_SPACES = re.compile(r"[ \t]*")
_LINE_END = re.compile(r"[\r\n]|\Z")
_SURROUNDINGS = 3


class Candidate:
    """Takes text from the tape until it is known what that is, and tells the calls that it finds.

    It ends as prose (`TEXT`), as prose that goes on with the rest of its value (`JSON`), with its calls told (`CALLS`),
    or as a call that cannot be read (`SPOILT`).

    Attributes:
        closings: what still has to end, the outermost first.
        told: some call was told, so that its surroundings are hidden.
        value: what is read now, or was read last.
    """

    def __init__(self, names: Names, voice: Voice, trust: Trust, *, alone: bool) -> None:
        """`alone`: it stands inside a line, and only what ends that line is a call."""
        self.closings: list[Closing] = []
        self.told = False
        self.value: Value
        self._names = names
        self._voice = voice
        self._trust = trust
        self._alone = alone
        self._before: list[str] = []
        self._within: list[str] = []
        self._after: list[str] = []
        self._step = self._open

    @property
    def fence(self) -> Closing | None:
        """The fence that has still to end."""
        return next((closing for closing in self.closings if closing.fence), None)

    @property
    def held(self) -> str:
        """What was taken and not told."""
        return "".join((*self._before, *self._within, *self._after))

    def run(self, tape: Tape) -> End:
        """Go on with what is on the tape, to anything but `ON`."""
        while (end := self._step(tape)) is End.ON:
            pass
        return end

    def enter(self, tape: Tape, place: Place) -> None:
        """Take the surroundings that begin here, or begin with the value."""
        if place.kind is Kind.AROUND:
            self._before.append(tape.take(place.end))
            self._alone = self._alone or place.inline
            if place.closing:
                self.closings.append(place.closing)
            if place.marked and not self._alone:
                self._trust = Trust.FULL
        if place.kind is Kind.VALUE or place.name:
            self.value = Value(self._names, self._trust, place.name, listed=tape.text[tape.at] == "[")
            self._within = self.value.taken
            self._step = self._read

    def _open(self, tape: Tape) -> End:
        self._before.append(tape.take_match(_BLANKS))
        if not tape.more:
            return End.TEXT if tape.ended else End.MORE
        if self.closings and self.closings[-1].here.match(tape.text, tape.at):
            return End.TEXT
        place = self._place(tape)
        if place is places.MAYBE:
            return End.MORE
        if place is None or place.kind is Kind.CODE or len(self.closings) > _SURROUNDINGS:
            return End.TEXT
        self.enter(tape, place)
        return End.ON

    def _place(self, tape: Tape) -> Place | None:
        """No block begins in a block."""
        return places.place(tape, self._names, line_start=self.fence is None)

    def _read(self, tape: Tape) -> End:
        end = self.value.run(tape)
        if end is End.SPOILT:
            if self.value.broken and self._alone:
                # Inside a sentence it is an example.
                return End.TEXT
            self._voice.hide("".join(self._before))
            self._before.clear()
        if end is not End.CALLS:
            return end
        if not self._alone:
            self._tell()
        self._step = self._close
        return End.ON

    def _tell(self) -> None:
        self._voice.hide("".join(self._before))
        for call in self.value.calls:
            self._voice.call(call)
        self._before.clear()
        self._within = []
        self.told = True
        self._hide_after()

    def _hide_after(self) -> None:
        self._voice.hide("".join(self._after))
        self._after.clear()

    def _close(self, tape: Tape) -> End:
        """Behind a value: its surroundings end, another call follows in them, or neither."""
        if not self.closings:
            return self._leave_line(tape) if self._alone else End.CALLS
        self._after.append(tape.take_match(_BETWEEN))
        if not tape.more and not tape.ended:
            return End.MORE
        found = self.closings[-1].here.match(tape.text, tape.at)
        if found is None:
            return self._go_on(tape)
        if tape.reaches_end(found.end()):
            return End.MORE
        self.closings.pop()
        self._after.append(tape.take(found.end()))
        if self.told:
            self._hide_after()
        return End.ON

    def _go_on(self, tape: Tape) -> End:
        if not tape.ended and self.closings[-1].partly.match(tape.text, tape.at):
            return End.MORE
        if not self.told:
            return End.TEXT
        place = self._place(tape)
        if place is places.MAYBE:
            return End.MORE
        if place and place.kind is not Kind.CODE:
            self._hide_after()
            self._step = self._open
        elif self.closings[-1].fence:
            return End.CALLS
        else:
            self.closings.pop()
        return End.ON

    def _leave_line(self, tape: Tape) -> End:
        self._after.append(tape.take_match(_SPACES))
        if not tape.more and not tape.ended:
            return End.MORE
        if not _LINE_END.match(tape.text, tape.at):
            return End.TEXT
        self._tell()
        return End.CALLS
