"""Whether the arguments of a call fit the schema of its tool."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bridge.chat.tools.coercion import coerced
from bridge.chat.tools.complaints import complaint
from bridge.chat.tools.jsontext import dumps, loads
from bridge.chat.tools.names import Names
from bridge.chat.tools.offer import Offer, Tool, ToolCall
from bridge.chat.tools.pieces import Found
from bridge.chat.tools.validators import validator
from core import ids

if TYPE_CHECKING:
    import jsonschema_rs

_COMPLAINTS = 6


@dataclass(frozen=True, slots=True)
class Problem:
    """A call that cannot be delivered.

    Attributes:
        sentences: what is wrong, for the model; paths are like `$.files[2].name`.
        tool: the tool that is meant, `None` when there is none of that name.
    """

    found: Found
    sentences: tuple[str, ...]
    tool: Tool | None = None


class Checker:
    """Checks calls against an offer. Makes nothing valid by guessing: what it puts right is in docs/tools.md.

    Most answers call nothing, so what a check needs is made by the first one.

    Attributes:
        offer: what is offered; its schemas were tried when it was read.
    """

    def __init__(self, offer: Offer) -> None:
        self.offer = offer

    @cached_property
    def _tools(self) -> dict[str, Tool]:
        return {tool.name: tool for tool in self.offer.tools}

    @cached_property
    def _names(self) -> Names:
        return Names(self._tools)

    def check(self, found: Found) -> ToolCall | Problem:
        """The call as it can be delivered, with an id of its own, or what is wrong with it.

        Raises:
            UnusableSchemaError: the schema of its tool cannot be used.
        """
        name = self._names.find(found.name)
        if name is None:
            return Problem(found, (self._no_such(found.name),))
        tool = self._tools[name]
        arguments = _object(found, tool)
        if arguments is None:
            return Problem(found, ("$: the arguments must be one JSON object",), tool)
        return _checked(found, tool, validator(tool.parameters), arguments)

    def _no_such(self, name: str) -> str:
        near = self._names.near(name)
        meant = f"; did you mean {' or '.join(near)}?" if near else "."
        return f"There is no tool named {dumps(name[:100])}{meant}"


def _object(found: Found, tool: Tool) -> dict[str, Any] | None:
    try:
        value = loads(found.arguments_text)
    except ValueError:
        # Models give a tool that takes text the text itself.
        return {"input": found.arguments_text} if tool.freeform else None
    if tool.freeform and isinstance(value, str):
        return {"input": value}
    return value if isinstance(value, dict) else None


def _checked(found: Found, tool: Tool, valid: jsonschema_rs.Validator, arguments: dict[str, Any]) -> ToolCall | Problem:
    errors = list(valid.iter_errors(arguments))
    if errors and not tool.strict:
        better = coerced(arguments, errors)
        if better is not None and valid.is_valid(better):
            arguments, errors = better, []
    if errors:
        return Problem(found, tuple(complaint(error) for error in errors[:_COMPLAINTS]), tool)
    return ToolCall(ids.call_id(), tool.name, dumps(arguments))
