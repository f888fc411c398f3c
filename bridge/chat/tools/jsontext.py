"""JSON as text: what the scanner cleaned, read; and values, written for clients."""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Any, NoReturn

from bridge.chat.tools.scan import DEPTH, Event, Scanner

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
_TOO_DEEP = f"it is nested deeper than {DEPTH} levels"


def loads(text: str) -> Any:
    """The value of strict JSON whose strings may hold raw line ends; of whole characters, as `whole` makes them.

    Raises:
        ValueError: it is none, or is nested deeper than the scanner goes.
    """
    value = _parsed(whole(text))
    # Most text has too few brackets to be deep, and no halves of characters.
    if text.count("{") + text.count("[") > DEPTH and is_deeper(value, DEPTH):
        raise ValueError(_TOO_DEEP)
    return _parsed(dumps(value)) if _HALF.search(text) else value


def is_deeper(value: Any, levels: int) -> bool:
    """Whether more than so many lists and objects stand in each other; asked level by level, so that no nesting can
    exhaust the stack."""
    layer = [value]
    for _ in range(levels + 1):
        inner = [one.values() if isinstance(one, dict) else one for one in layer if isinstance(one, dict | list)]
        if not inner:
            return False
        layer = [item for items in inner for item in items]
    return True


def dumps(value: Any) -> str:
    """Compact JSON of whole characters."""
    return whole(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def whole(text: str) -> str:
    """The text as UTF-8 can carry it: two halves of a character become one, a lone half becomes U+FFFD."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_text(arguments: Any) -> str:
    """Arguments as JSON text of an object; a string in which no object can be read stays as it is."""
    if arguments is None or arguments == "":
        return "{}"
    if not isinstance(arguments, str):
        return dumps(arguments)
    inner = _object(arguments)
    return whole(arguments) if inner is None else dumps(inner)


def _object(text: str) -> dict[str, Any] | None:
    """The object that is all of a text, by the rules of the scanner."""
    inner, scanner = text.strip(), Scanner()
    if not inner.startswith("{") or scanner.feed(inner, 0) != (Event.ENDED, len(inner)):
        return None
    try:
        value = loads(scanner.clean)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _parsed(text: str) -> Any:
    try:
        return json.loads(text, strict=False, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise ValueError(_TOO_DEEP) from None


def _finite(number: str) -> float:
    value = float(number)
    return value if isfinite(value) else _refuse(number)


def _refuse(number: str) -> NoReturn:
    raise ValueError(f"{number[:60]} is no number that JSON can hold")
