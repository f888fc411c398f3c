"""The value of what may be a call, from its first bracket to its last."""

from __future__ import annotations

from enum import Enum

from bridge.chat.tools.jsontext import as_text, loads
from bridge.chat.tools.names import Names
from bridge.chat.tools.pieces import Found
from bridge.chat.tools.scan import Event, Scanner
from bridge.chat.tools.shapes import Trust, Watch, read
from bridge.chat.tools.tape import Tape

_PLACEHOLDERS = (".", "…", "<")


class End(Enum):
    """What came of it.

    `ON`: there is a next step. `MORE`: it wants more text. `TEXT`: what was taken is prose. `JSON`: so is what the
    scanner has still to read of the value. `CALLS`: it is calls. `SPOILT`: it is a call that cannot be read.
    """

    ON = 1
    MORE = 2
    TEXT = 3
    JSON = 4
    CALLS = 5
    SPOILT = 6


class Value:
    """Takes a value from the tape.

    Attributes:
        taken: its text so far.
        calls: what it is, once it is calls.
        why: what is wrong with a call that is spoilt; `broken` in the middle, not cut off or misshapen.
    """

    def __init__(self, names: Names, trust: Trust, name: str | None, *, listed: bool) -> None:
        """`name`: the tool whose arguments these are, where the text before them says so."""
        self.taken: list[str] = []
        self.calls: list[Found] = []
        self.why = ""
        self.broken = False
        self._names = names
        self._trust = trust
        self._name = name
        self._watch = Watch(names, trust, listed=listed)
        self._scanner = Scanner(-1 if name else self._watch.depth)

    def run(self, tape: Tape) -> End:
        """Go on with what is on the tape, to anything but `ON`."""
        while True:
            event, end = self._scanner.feed(tape.text, tape.at)
            self.taken.append(tape.take(end))
            if event is Event.MORE:
                return self._spoil("It was cut off before its end.") if tape.ended else End.MORE
            if event is Event.ENDED:
                return self._read()
            if event is Event.BROKEN:
                self.broken = True
                # With a placeholder in it, it is an example.
                example = tape.text.startswith(_PLACEHOLDERS, tape.at)
                return End.TEXT if example else self._spoil(self._scanner.why)
            if not self._watch.hear(event, self._scanner.depth - (event is Event.OPENED), self._scanner.text):
                return End.JSON

    def skip(self, tape: Tape) -> tuple[str, bool]:
        """The rest of a value that is no call, as far as it has come, and whether that is all of it."""
        self._scanner.forget()
        event, end = self._scanner.feed(tape.text, tape.at)
        return tape.take(end), event is not Event.MORE

    def _spoil(self, why: str) -> End:
        self.why = why
        return End.SPOILT if self._name or self._watch.surely(self._scanner.clean) else End.TEXT

    def _read(self) -> End:
        try:
            value = loads(self._scanner.clean)
            calls = [(self._name, as_text(value))] if self._name else read(value, self._names, self._trust)
        except ValueError as error:
            return self._spoil(f"It cannot be read: {error}.")
        if calls is None:
            return End.TEXT
        raw = "".join(self.taken)
        self.calls = [Found(name, text, "" if number else raw) for number, (name, text) in enumerate(calls)]
        return End.CALLS
