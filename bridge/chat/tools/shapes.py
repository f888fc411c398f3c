"""Which JSON is a call: the keys that say so, told as early as they come and read once the value is complete."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any

from bridge.chat.tools.jsontext import as_text
from bridge.chat.tools.names import Names, plain
from bridge.chat.tools.scan import Event

_LISTS = frozenset({"toolcalls", "toolcall", "functioncalls", "functioncall", "tooluses"})
_NAMES = frozenset({"name", "tool", "toolname", "functionname", "recipientname", "function"})
_ARGUMENTS = frozenset({"arguments", "parameters", "args", "input"})
_BESIDE = frozenset({"type", "id", "callid", "toolcallid", "index", "status", "role"})
_OF_MESSAGE = frozenset({"content", "refusal"})
_LONGEST_BESIDE = 256
_NAMED = re.compile(r'"([A-Za-z_ -]{2,20})":"([^"\\]{1,200})"')
_JOINTS = re.compile(r"[-_\s]+")


class Trust(IntEnum):
    """How much the place of a value says that it is a call.

    `LOW`: inside a text, so it must name an offered tool. `LIST`: where a call belongs, so a list of calls is one
    whatever it names. `FULL`: marked as a call, so that anything with a name is one.
    """

    LOW = 1
    LIST = 2
    FULL = 3


class Watch:
    """Hears the outer keys of a value as they come, and says as soon as it can be no call.

    Attributes:
        listed: the value is an array of calls.
        sure: it is meant as a call, whatever comes.
    """

    def __init__(self, names: Names, trust: Trust, *, listed: bool) -> None:
        self.listed = listed
        self._names = names
        self._trust = trust
        self._key = ""
        self._seen: set[str] = set()
        self._named = False
        self._list = False
        self.sure = False

    @property
    def depth(self) -> int:
        """Inside how many brackets the keys stand."""
        return 2 if self.listed else 1

    def hear(self, event: Event, level: int, text: str) -> bool:
        """Take in a key or value inside `level` brackets; false when this is no call."""
        if self._list or level == 0:
            return True
        if level < self.depth:
            self._key, self._seen, self._named = "", set(), False
            return text == "{"
        if event is Event.KEY:
            self._key = folded(text)
            self._seen.add(self._key)
            return self._may_stand(self._key)
        possible = self._opened(text) if event is Event.OPENED else self._scalar(text)
        self.sure = self.sure or (self._named and not self._seen.isdisjoint(_ARGUMENTS))
        return possible

    def surely(self, clean: str) -> bool:
        """Whether a value that was read this far and no further is meant as a call."""
        if self.sure:
            return True
        if not self._list and ("function" not in self._seen or '"arguments":' not in clean):
            return False
        return any(folded(found[1]) in _NAMES and self._names.find(found[2]) for found in _NAMED.finditer(clean))

    def _may_stand(self, key: str) -> bool:
        if key in _LISTS:
            return not self.listed
        return key in _NAMES | _ARGUMENTS | _BESIDE or self._trust is Trust.FULL or self._is_message(key)

    def _is_message(self, key: str) -> bool:
        return key in _OF_MESSAGE and "role" in self._seen

    def _opened(self, bracket: str) -> bool:
        if self._key in _LISTS:
            self._list = True
            self.sure = self._trust >= Trust.LIST
            return True
        if self._key in _NAMES:
            return self._key == "function" and bracket == "{"
        return self._key in _ARGUMENTS or self._trust is Trust.FULL

    def _scalar(self, text: str) -> bool:
        if self._key in _LISTS:
            return False
        if self._key in _NAMES:
            self._named = self._names.find(text) is not None
            return self._named or self._trust is Trust.FULL
        return self._key in _ARGUMENTS or len(text) <= _LONGEST_BESIDE or self._trust is Trust.FULL


def read(value: Any, names: Names, trust: Trust) -> list[tuple[str, str]] | None:
    """The calls that a complete value is, each a name and its arguments as text; `None` if it is none.

    Raises:
        ValueError: it is a list of calls with something else in it; the message says so to the model.
    """
    entries, is_list = _entries(value)
    calls = [_call(entry, loose=is_list or trust is Trust.FULL) for entry in entries]
    named = [call for call in calls if call is not None]
    trusted = trust >= (Trust.LIST if is_list else Trust.FULL)
    if not named or not (trusted or any(names.find(name) for name, _ in named)):
        return None
    if len(named) == len(calls):
        return named
    if is_list:
        raise ValueError(f"Entry {calls.index(None) + 1} of the list of calls has no name of a tool")
    return None


def folded(key: str) -> str:
    """A key without what its spellings differ in."""
    return _JOINTS.sub("", key).casefold()


def _entries(value: Any) -> tuple[list[Any], bool]:
    """The entries that may be calls, and whether a key said that they are."""
    if isinstance(value, list):
        return value, False
    for key, inner in value.items():
        if folded(key) in _LISTS and isinstance(inner, list | dict):
            return (inner if isinstance(inner, list) else [inner]), True
    return [value], False


def _call(entry: Any, *, loose: bool) -> tuple[str, str] | None:
    if not isinstance(entry, dict):
        return None
    fields = dict(_fields(entry))
    if not loose and (_ARGUMENTS.isdisjoint(fields) or not _only_a_call(fields)):
        return None
    name = next((fields[key] for key in fields if key in _NAMES and isinstance(fields[key], str)), None)
    if not name:
        return None
    return plain(name), as_text(next((fields[key] for key in fields if key in _ARGUMENTS), None))


def _fields(entry: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in entry.items():
        if folded(key) == "function" and isinstance(value, dict):
            yield from _fields(value)
        else:
            yield folded(key), value


def _only_a_call(fields: Mapping[str, Any]) -> bool:
    """Not the definition of a tool, which has a name and parameters too, nor an object that says more than a call."""
    schema = fields.get("parameters")
    defines = isinstance(schema, dict) and schema.get("type") == "object" and isinstance(schema.get("properties"), dict)
    return not defines and fields.keys() <= _NAMES | _ARGUMENTS | _BESIDE
