"""What a client offers a model to call, and what the model may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal

Choice = Literal["auto", "none", "required"]

FREEFORM: Mapping[str, Any] = {
    "type": "object",
    "properties": {"input": {"type": "string"}},
    "required": ["input"],
    "additionalProperties": False,
}
"""The parameters of a tool that takes any text: models are told to call it with that text as `input`."""


class PromptMode(StrEnum):
    """How tools are described: in short, or with every word of their schemas."""

    OPTIMIZED = "optimized"
    OPENCODE = "opencode"


_MODES = {
    **dict.fromkeys(("optimized", "default", "fast", "poc", "short"), PromptMode.OPTIMIZED),
    **dict.fromkeys(("opencode", "classic", "compat", "full", "legacy", "native", "original"), PromptMode.OPENCODE),
}


def prompt_mode(word: str) -> PromptMode | None:
    """The mode that a word stands for, in any case and with `_` for `-`; `None` where it stands for none."""
    return _MODES.get(word.strip().lower().replace("_", "-"))


@dataclass(frozen=True, slots=True)
class Tool:
    """Something the client can run.

    Attributes:
        name: what models call it; for the member of a namespace the flat name, `namespace__member`.
        parameters: JSON Schema of an object; empty takes any object.
        strict: the client wants arguments exactly as the schema says, so nothing is put right in them.
        freeform: it takes any text, which stands as `input` in its arguments.
        namespace, member: the group it belongs to and its name there, `None` outside groups.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    strict: bool = False
    freeform: bool = False
    namespace: str | None = None
    member: str | None = None

    @property
    def own_name(self) -> str:
        """Its name on the wire, beside which `namespace` stands where there is one."""
        return self.member or self.name


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the client is asked to run.

    Attributes:
        name: as the tool is offered.
        arguments: JSON text of an object, `{}` where there are none.
    """

    id: str
    name: str
    arguments: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Offer:
    """The tools of one request.

    Attributes:
        choice: `required` asks for at least one call, `none` forbids any.
        named: the one tool that has to be called, if one has to.
        parallel: more than one call at a time is welcome.
        ignored: types of tools that were sent and cannot be offered, without doubles, in their order.
        known: what was found out of it once, by whoever needs it: agents send the same offer with every request.
    """

    tools: tuple[Tool, ...] = ()
    choice: Choice = "auto"
    named: str | None = None
    parallel: bool = True
    mode: PromptMode = PromptMode.OPTIMIZED
    ignored: tuple[str, ...] = ()
    known: dict[object, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def callable(self) -> tuple[Tool, ...]:
        """What may be called now."""
        if self.choice == "none":
            return ()
        return self.tools if self.named is None else tuple(tool for tool in self.tools if tool.name == self.named)

    @property
    def names(self) -> tuple[str, ...]:
        """What to look for in a reply: every tool, so that a call of one that may not be called is noticed; none where
        all calls are forbidden and therefore text."""
        return tuple(tool.name for tool in self.tools) if self.callable else ()

    @property
    def demands(self) -> bool:
        """An answer without a call is none."""
        return bool(self.callable) and (self.choice == "required" or self.named is not None)

    def tool(self, name: str) -> Tool | None:
        """The tool of exactly this name."""
        return next((tool for tool in self.tools if tool.name == name), None)
