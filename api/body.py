"""Request bodies: one JSON object, whatever a client sends."""

from __future__ import annotations

import json
import math
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from core.errors import InvalidRequestError, UnsupportedMediaTypeError

_DEEPEST = 128
"""Levels of a body: half of what can be written, since bodies are kept and told within others."""

_MOST_VALUES = 1_000_000
"""Brackets and commas, those in texts too: each may be a value, which takes some 60 bytes and 200 ns."""

_MOST_DIGITS = 309


async def read_object(scope: Scope, receive: Receive, *, or_form: bool = False) -> dict[str, Any]:
    """Read the body to its end and parse it.

    Args:
        or_form: the route takes forms too, and says so of any other type.

    Raises:
        UnsupportedMediaTypeError: it is said to be something else than JSON in UTF-8.
        InvalidRequestError: it is not one JSON object.
        RequestTooLargeError: it is larger than the server takes.
        ClientDisconnect: the client left before its end.
    """
    require_json(Headers(scope=scope), or_form=or_form)
    return parsed(await read_bytes(receive))


def parsed(content: bytes) -> dict[str, Any]:
    """The JSON object in `content`. Of a key that is there twice the last counts.

    Raises:
        InvalidRequestError: it is not JSON in UTF-8, no object, has too many values or nests too deep, or holds a
            number that is none or half a character.
    """
    try:
        text = content.decode("utf-8")
        brackets = text.count("[") + text.count("{")
        if brackets + text.count(",") > _MOST_VALUES:
            raise InvalidRequestError(f"The request body has more than {_MOST_VALUES:,} brackets and commas.")
        found = json.loads(text, parse_constant=_no_constant, parse_float=_float, parse_int=_int)
        if brackets > _DEEPEST and _is_deep(found):
            raise RecursionError
        if "\\ud" in text or "\\uD" in text:
            # Half of an escaped pair is a string no database or socket takes.
            json.dumps(found, ensure_ascii=False).encode()
    except UnicodeError:
        raise InvalidRequestError("The request body is not valid UTF-8.") from None
    except RecursionError:
        raise InvalidRequestError("The request body nests too deep.") from None
    except ValueError as error:
        raise InvalidRequestError(f"The request body is not valid JSON: {error}") from None
    if not isinstance(found, dict):
        raise InvalidRequestError("The request body must be a JSON object.")
    return found


async def read_bytes(receive: Receive) -> bytes:
    """Read a body to its end, whatever it holds.

    Raises:
        RequestTooLargeError: it is larger than the server takes.
        ClientDisconnect: the client left before its end.
    """
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body", False):
        return bytes(message.get("body", b""))
    pieces: list[bytes] = []
    while True:
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(pieces)
        message = await receive()


def require_json(headers: Headers, *, or_form: bool = False) -> None:
    """See that a body is not said to be anything else than JSON in UTF-8; it may say nothing.

    Raises:
        UnsupportedMediaTypeError: it is; the message names the types that are read.
    """
    if headers.get("content-encoding", "identity").lower() != "identity":
        raise UnsupportedMediaTypeError("The request body must not be compressed.")
    given = headers.get("content-type")
    if given is None:
        return
    kind, _, parameters = given.partition(";")
    kind = kind.strip().lower()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        wanted = "application/json or multipart/form-data" if or_form else "application/json"
        raise UnsupportedMediaTypeError(f"The request body must be {wanted}, not {kind!r}.")
    _, _, charset = parameters.partition("charset=")
    if charset.strip(' "').lower() not in ("", "utf-8", "utf8"):
        raise UnsupportedMediaTypeError("The request body must be UTF-8.")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _float(text: str) -> float:
    """A number that a double has room for: a larger one would become `Infinity`, which no answer can show."""
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"the number {text[:20]} is too large")
    return number


def _int(text: str) -> int:
    """The same of a whole number, whose digits would take longer the more they are."""
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"the number {text[:20]}... is too large")
    return int(text)


def _is_deep(found: Any) -> bool:
    """Whether something nests deeper than can be written again."""
    level = [found]
    for _ in range(_DEEPEST):
        inner = [one for each in level for one in (each.values() if isinstance(each, dict) else each)]
        level = [one for one in inner if isinstance(one, dict | list)]
        if not level:
            return False
    return True
