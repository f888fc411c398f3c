"""JSON as text: what the scanner cleaned, read; and values, written for clients."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from bridge.chat.tools.scan import Event, Scanner


def loads(text: str) -> Any:
    """The value of strict JSON whose strings may hold raw line ends.

    Raises:
        ValueError: it is none.
    """
    return json.loads(text, strict=False, parse_constant=_refuse)


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


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON value")
