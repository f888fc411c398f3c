"""Definitions of tools as clients send them, in the shapes of Chat Completions and of Responses alike."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from bridge.chat.tools.jsontext import dumps, is_deeper, whole
from bridge.chat.tools.offer import FREEFORM, Tool
from bridge.chat.tools.validators import UnusableSchemaError, validator
from core.errors import InvalidRequestError

MOST_TOOLS = 512
MOST_BYTES = 2 * 1024 * 1024
LONGEST_NAME = 128
DEEPEST = 64

_NAME = re.compile(rf"[A-Za-z0-9_-]{{1,{LONGEST_NAME}}}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_-]")
_CALLED = ("function", "custom")


@dataclass(frozen=True, slots=True)
class Defined:
    """What a request defines: tools in their order, and the types of those that cannot be offered, without doubles."""

    tools: tuple[Tool, ...]
    ignored: tuple[str, ...]


def read_tools(entries: Any, param: str) -> Defined:
    """Read `tools`: functions, custom tools, and namespaces of both. Any other type is ignored and named.

    Raises:
        InvalidRequestError: `param` names what is wrong, such as `tools[2].function.name`.
    """
    tools: list[Tool] = []
    ignored: dict[str, None] = {}
    for at, entry in _objects(entries, param):
        kind = entry.get("type")
        if not isinstance(kind, str):
            raise _wrong(f"{at}.type", "must be a string")
        if kind in _CALLED:
            tools.append(_tool(entry, kind, at))
        elif kind == "namespace":
            tools += _members(entry, at, ignored)
        else:
            ignored[kind[:100]] = None
    return Defined(_bounded(tools, param), tuple(ignored))


def read_functions(entries: Any, param: str) -> Defined:
    """Read the older `functions`, which hold definitions without a type.

    Raises:
        InvalidRequestError: as `read_tools`.
    """
    return Defined(_bounded([_function(entry, at) for at, entry in _objects(entries, param)], param), ())


def _objects(entries: Any, param: str) -> list[tuple[str, dict[str, Any]]]:
    if not isinstance(entries, list | tuple):
        raise _wrong(param, "must be an array")
    if len(entries) > MOST_TOOLS:
        raise _wrong(param, f"holds {len(entries)} tools; {MOST_TOOLS} is the most")
    for number, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise _wrong(f"{param}[{number}]", "must be an object")
        if is_deeper(entry, DEEPEST):
            raise _wrong(f"{param}[{number}]", f"is nested deeper than {DEEPEST} levels")
    return [(f"{param}[{number}]", entry) for number, entry in enumerate(entries)]


def _tool(entry: dict[str, Any], kind: str, at: str) -> Tool:
    """Chat Completions puts the definition under the type's name, Responses beside it."""
    inner = entry.get(kind)
    if inner is not None and not isinstance(inner, dict):
        raise _wrong(f"{at}.{kind}", "must be an object")
    at, definition = (at, entry) if inner is None else (f"{at}.{kind}", inner)
    return _function(definition, at) if kind == "function" else _custom(definition, at)


def _function(definition: dict[str, Any], at: str) -> Tool:
    strict = definition.get("strict")
    if strict is not None and not isinstance(strict, bool):
        raise _wrong(f"{at}.strict", "must be a boolean")
    return Tool(
        name=_name(definition, at),
        description=_text(definition, "description", at),
        parameters=_parameters(definition.get("parameters"), f"{at}.parameters"),
        strict=bool(strict),
    )


def _parameters(schema: Any, at: str) -> Mapping[str, Any]:
    if schema is None:
        return {}
    if not isinstance(schema, dict):
        raise _wrong(at, "must be a JSON Schema")
    if schema.get("type", "object") != "object":
        raise _wrong(f"{at}.type", 'must be "object", since arguments are one')
    try:
        validator(schema)
    except UnusableSchemaError as problem:
        raise _wrong(at, f"cannot be used as a JSON Schema: {problem}") from None
    return schema


def _custom(definition: dict[str, Any], at: str) -> Tool:
    description = _text(definition, "description", at)
    form = definition.get("format")
    if form is not None and not isinstance(form, dict):
        raise _wrong(f"{at}.format", "must be an object")
    grammar = (form or {}).get("grammar") or form or {}
    if isinstance(grammar, dict) and isinstance(grammar.get("definition"), str):
        description += f"\nThe input must match this {grammar.get('syntax', '')} grammar:\n{grammar['definition']}"
    return Tool(_name(definition, at), description.strip(), FREEFORM, freeform=True)


def _members(group: dict[str, Any], at: str, ignored: dict[str, None]) -> list[Tool]:
    """The tools of a namespace, under flat names: the group's name, two underscores, the tool's name."""
    name = _text(group, "name", at)
    if not name:
        raise _wrong(f"{at}.name", "must name the group")
    inner = read_tools(group.get("tools") or [], f"{at}.tools")
    ignored.update(dict.fromkeys(inner.ignored))
    about = _text(group, "description", at)
    members = []
    for tool in inner.tools:
        flat = _NOT_IN_NAMES.sub("_", f"{name.removesuffix('__')}__{tool.name}")
        if len(flat) > LONGEST_NAME or tool.namespace:
            raise _wrong(f"{at}.tools", f"has a tool that cannot be offered as {flat[:200]!r}")
        described = tool.description or about
        members.append(replace(tool, name=flat, description=described, namespace=name, member=tool.name))
    return members


def _bounded(tools: Sequence[Tool], param: str) -> tuple[Tool, ...]:
    if len(tools) > MOST_TOOLS:
        raise _wrong(param, f"holds {len(tools)} tools; {MOST_TOOLS} is the most")
    seen: set[str] = set()
    for tool in tools:
        if tool.name in seen:
            raise _wrong(param, f"defines {tool.name!r} twice")
        seen.add(tool.name)
    size = sum(len(tool.description.encode(errors="replace")) + len(dumps(tool.parameters).encode()) for tool in tools)
    if size > MOST_BYTES:
        raise _wrong(param, f"holds {size} bytes of definitions; {MOST_BYTES} is the most")
    return tuple(tools)


def _name(holder: dict[str, Any], at: str) -> str:
    name = holder.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(f"{at}.name", f"must be 1 to {LONGEST_NAME} letters, digits, `_` and `-`")
    return name


def _text(holder: dict[str, Any], key: str, at: str) -> str:
    text = holder.get(key)
    if text is not None and not isinstance(text, str):
        raise _wrong(f"{at}.{key}", "must be a string")
    return whole(text or "")


def _wrong(param: str, what: str) -> InvalidRequestError:
    return InvalidRequestError(f"`{param}` {what}.", param=param)
