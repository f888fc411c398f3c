"""Answers in JSON: how they are asked for, and whether what came is one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bridge.chat.schemas import Schema
from core.errors import InvalidRequestError

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_FENCE = re.compile(r"```[\w-]*[ \t]*\n(.*?)\n?[ \t]*```", re.DOTALL)
_MOST_PROBLEMS = 8


@dataclass(frozen=True, slots=True)
class Shape:
    """The form that an answer has to have.

    Attributes:
        schema: what its JSON has to fit; `None` for any JSON object.
        name, description: the client's own, told to the model.
    """

    schema: Schema | None = None
    name: str = ""
    description: str = ""

    @property
    def instruction(self) -> str:
        """What the model is told beside the question."""
        if self.schema is None:
            return f"{_ONLY_JSON} It must be a JSON object."
        about = (
            f" It is called {self.name}" + (f": {self.description}" if self.description else ".") if self.name else ""
        )
        return f"{_ONLY_JSON}{about} It must be valid against this JSON Schema:\n{self.schema.text}"


_ONLY_JSON = "Answer with one JSON value and nothing else: no words before or after it, no code fence, no comments."


@dataclass(frozen=True, slots=True)
class Fits:
    """An answer in the form that was asked for; `text` is its JSON, as the model wrote it."""

    text: str


@dataclass(frozen=True, slots=True)
class Fails:
    """An answer in another form.

    Attributes:
        problems: what is wrong, in sentences for the model.
        spoken: it holds no JSON at all, so that the model may have refused in words.
    """

    problems: tuple[str, ...]
    spoken: bool = False

    @property
    def instruction(self) -> str:
        """What the model is told, so that it tries once more."""
        listed = "\n".join(f"- {problem}" for problem in self.problems)
        return f"Your answer is not in the form that was asked for:\n{listed}\n{_ONLY_JSON} Keep to the schema above."


def read_shape(given: Mapping[str, Any] | None, *, param: str, nested: bool) -> Shape | None:
    """The form that `response_format` or `text.format` asks for; `None` for plain text.

    Args:
        nested: the schema stands within `json_schema`, as in chats, and not beside the type.

    Raises:
        InvalidRequestError: `param` names the field that is wrong.
    """
    if given is None:
        return None
    kind = given.get("type")
    if kind == "text":
        return None
    if kind == "json_object":
        return Shape()
    if kind != "json_schema":
        raise InvalidRequestError(
            f"`{param}.type`: must be one of text, json_object, json_schema.", param=f"{param}.type"
        )
    if not nested:
        return _schema(given, param)
    inner = given.get("json_schema")
    if not isinstance(inner, Mapping):
        raise InvalidRequestError(f"`{param}.json_schema` must be an object.", param=f"{param}.json_schema")
    return _schema(inner, f"{param}.json_schema")


def examine(text: str, shape: Shape) -> Fits | Fails:
    """Whether a whole answer has the form; a fence around its JSON, and words beside it, are taken off."""
    fails: Fails | None = None
    for candidate in _candidates(text):
        try:
            value = json.loads(candidate, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            continue
        problems = _problems(value, shape)
        if not problems:
            return Fits(candidate)
        fails = fails or Fails(problems)
    return fails or Fails(("It is not valid JSON.",), spoken="{" not in text and "[" not in text)


def _schema(given: Mapping[str, Any], param: str) -> Shape:
    name, description = given.get("name"), given.get("description")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidRequestError(f"`{param}.name` must be 1 to 64 letters, digits, `_` or `-`.", param=f"{param}.name")
    schema = given.get("schema")
    if schema is None:
        return Shape(None, name, description if isinstance(description, str) else "")
    if not isinstance(schema, Mapping):
        raise InvalidRequestError(f"`{param}.schema` must be an object.", param=f"{param}.schema")
    return Shape(Schema.of(schema, param=f"{param}.schema"), name, description if isinstance(description, str) else "")


def _candidates(text: str) -> list[str]:
    """What may be the JSON of an answer, the likeliest first."""
    stripped = text.strip().removeprefix("\ufeff").strip()
    found = [stripped, *(match.strip() for match in _FENCE.findall(stripped))]
    for opening, closing in ("{}", "[]"):
        start, end = stripped.find(opening), stripped.rfind(closing)
        if 0 <= start < end:
            found.append(stripped[start : end + 1])
    return list(dict.fromkeys(found))


def _problems(value: Any, shape: Shape) -> tuple[str, ...]:
    if shape.schema is not None:
        return shape.schema.problems(value)[:_MOST_PROBLEMS]
    return () if isinstance(value, dict) else ("It is JSON, but no object.",)


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
