"""What is wrong with arguments, in sentences that help a model to get them right."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from bridge.chat.tools.jsontext import dumps

if TYPE_CHECKING:
    import jsonschema_rs

_LONGEST = 240


def complaint(error: jsonschema_rs.ValidationError) -> str:
    """One sentence, at most 300 characters, with the path of what it is about: `$.files[2].name: must be string …`."""
    return f"{path(error.instance_path)}: {_what(error)}"


def path(steps: Iterable[str | int]) -> str:
    """Where in the arguments: `$` is all of them."""
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step[:60]}" for step in list(steps)[:12])


def _what(error: jsonschema_rs.ValidationError) -> str:
    kind = error.kind.name
    details = error.kind.as_dict()
    if kind == "required":
        return f"{_short(details['property'])} is missing"
    if kind == "type":
        return f"must be {' or '.join(details['types'])}, not {_type(error.instance)}"
    if kind in ("additionalProperties", "unevaluatedProperties"):
        return f"there is no {', '.join(_short(name) for name in details['unexpected'][:5])}"
    if kind == "enum":
        return f"must be one of {_short(details['options'])}"
    if kind in ("anyOf", "oneOf", "oneOfNotValid"):
        return "fits none of the forms that the schema allows"
    limits = ", ".join(f"{kind} {_short(value)}" for value in details.values())
    return f"is against the schema: {limits or kind}"


def _type(value: Any) -> str:
    if value is None:
        return "null"
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "another type")


def _short(value: Any) -> str:
    text = dumps(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
