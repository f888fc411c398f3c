"""What is put right in arguments: only where a value has one reading and the schema wants just that."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from bridge.chat.tools.jsontext import loads

if TYPE_CHECKING:
    import jsonschema_rs

_NUMBERS = {
    "integer": re.compile(r"-?(?:0|[1-9][0-9]{0,14})"),
    "number": re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,15})?"),
}
_WORDS = {"true": True, "false": False}
_CONTAINERS = {"array": list, "object": dict}
_NOTHING = object()


def coerced(arguments: dict[str, Any], errors: Sequence[jsonschema_rs.ValidationError]) -> dict[str, Any] | None:
    """A copy in which every value of a wrong type that reads as the right one is that one; `None` when one does not.

    A string that is exactly a number, `true` or `false`, or the JSON of an array or object, becomes it. A `null` where
    none is allowed is left out.
    """
    better = copy.deepcopy(arguments)
    for error in errors:
        if error.kind.name != "type" or not error.instance_path:
            return None
        value = _read(error.instance, error.kind.as_dict()["types"])
        if value is _NOTHING:
            return None
        _put(better, error.instance_path, value)
    return better


def _read(value: Any, types: Sequence[str]) -> Any:
    if value is None:
        return None
    if not isinstance(value, str) or len(types) != 1:
        return _NOTHING
    (wanted,) = types
    if wanted == "boolean":
        return _WORDS.get(value, _NOTHING)
    if wanted in _NUMBERS:
        return loads(value) if _NUMBERS[wanted].fullmatch(value) else _NOTHING
    try:
        inner = loads(value)
    except ValueError:
        return _NOTHING
    return inner if isinstance(inner, _CONTAINERS.get(wanted, ())) else _NOTHING


def _put(holder: Any, path: Sequence[str | int], value: Any) -> None:
    *way, last = path
    for step in way:
        holder = holder[step]
    if value is not None:
        holder[last] = value
    elif isinstance(holder, dict):
        holder.pop(last, None)
