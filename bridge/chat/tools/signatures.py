"""JSON Schemas in a few words, in TypeScript's notation that models know best: nested objects and lists included."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.chat.tools.jsontext import dumps

_DEEPEST = 6
_MOST_NODES = 2_000
_MOST_WORDS = 24
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
_LIMITS = ("format", "pattern", "minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "default")
_PLAIN = {"string": "string", "integer": "integer", "number": "number", "boolean": "boolean", "null": "null"}


@dataclass(frozen=True, slots=True)
class Detail:
    """How much is told, in characters: of a tool's description, and of each property's; 0 is nothing."""

    tool: int
    member: int


def signature(parameters: Mapping[str, Any], detail: Detail) -> str:
    """The type of a tool's arguments on one line, such as `{path: string /* of the file */, limit?: integer}`."""
    return _Writer(parameters, detail).write({**parameters, "type": "object"}, 0) if parameters else "{}"


def shortened(text: str, most: int) -> str:
    """A text on one line, cut to so many characters; nothing for 0."""
    line = " ".join(text[: 4 * most + 1].split())
    return line if len(line) <= most else f"{line[: max(most - 1, 0)]}…"[:most]


class _Writer:
    def __init__(self, root: Mapping[str, Any], detail: Detail) -> None:
        self._root = root
        self._detail = detail
        self._nodes = 0

    def write(self, schema: Any, depth: int) -> str:
        """The type of a schema inside `depth` others; one that refers to itself ends when that is enough."""
        self._nodes += 1
        if not isinstance(schema, Mapping) or depth > _DEEPEST or self._nodes > _MOST_NODES:
            return "any"
        if isinstance(schema.get("$ref"), str):
            return self.write(self._followed(schema["$ref"]), depth + 1)
        if "const" in schema:
            return dumps(schema["const"])
        if isinstance(schema.get("enum"), list):
            return _union([dumps(value) for value in schema["enum"]])
        for key in ("anyOf", "oneOf", "allOf"):
            if isinstance(schema.get(key), list) and schema[key] and "properties" not in schema:
                joint = " & " if key == "allOf" else " | "
                return joint.join(dict.fromkeys(self.write(one, depth + 1) for one in schema[key][:_MOST_WORDS]))
        return self._by_type(schema, depth)

    def _by_type(self, schema: Mapping[str, Any], depth: int) -> str:
        kind = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else None)
        if isinstance(kind, list):
            return " | ".join(self._by_type({**schema, "type": one}, depth) for one in kind[:_MOST_WORDS])
        if kind == "array":
            inner = self.write(schema.get("items"), depth + 1)
            return f"({inner})[]" if " " in inner and not inner.startswith("{") else f"{inner}[]"
        if kind == "object":
            return self._object(schema, depth)
        return _PLAIN.get(str(kind), "any")

    def _object(self, schema: Mapping[str, Any], depth: int) -> str:
        properties, more = schema.get("properties"), schema.get("additionalProperties")
        required = schema.get("required")
        needed = {name for name in required if isinstance(name, str)} if isinstance(required, list) else set()
        members = [
            f"{_key(name)}{'' if name in needed else '?'}: {self._member(inner, depth + 1)}"
            for name, inner in (properties.items() if isinstance(properties, Mapping) else ())
        ]
        if isinstance(more, Mapping) and more:
            members.append(f"[name]: {self.write(more, depth + 1)}")
        elif not members and more is not False:
            return "object"
        return f"{{{', '.join(members)}}}"

    def _member(self, schema: Any, depth: int) -> str:
        kind = self.write(schema, depth)
        if not self._detail.member or not isinstance(schema, Mapping):
            return kind
        notes = [f"{key} {dumps(schema[key])}" for key in _LIMITS if key in schema]
        told = schema.get("description")
        text = "; ".join([told, *notes] if isinstance(told, str) else notes)
        # The end of a remark inside one would end it.
        note = shortened(text.replace("*/", "* /"), self._detail.member)
        return f"{kind} /* {note} */" if note else kind

    def _followed(self, reference: str) -> Any:
        """What a reference inside the schema refers to."""
        found: Any = self._root
        for step in reference.removeprefix("#").strip("/").split("/") if reference.startswith("#") else ("",):
            found = found.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(found, Mapping) else None
        return found


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else dumps(name)


def _union(values: list[str]) -> str:
    shown = [value for value in values[:_MOST_WORDS] if len(value) <= 80]
    return " | ".join(shown if len(shown) == len(values) else [*shown, "…"])
