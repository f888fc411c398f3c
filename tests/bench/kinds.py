"""The requests that the load makes: a plain chat, one with an agent's tools, and the same question as a response."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

TOOL_TEXT = (
    "Works on one file below the project's root. Give paths as the other tools show them, absolute or relative to it. "
    "Lines are numbered from 1. What is longer than two thousand lines is cut there, and says so at its end. "
)


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of request.

    Attributes:
        first: what a stream's first piece of text has in it.
        last: what its end has in it.
        tools: how many tools are offered.
    """

    path: str
    first: bytes
    last: bytes
    tools: int = 0

    def body(self, prompt: str, *, stream: bool) -> dict[str, Any]:
        """The request."""
        if self.path == "/v1/responses":
            return {"model": "auto", "stream": stream, "input": prompt, "store": False}
        body: dict[str, Any] = {"model": "auto", "stream": stream, "messages": [{"role": "user", "content": prompt}]}
        return body | ({"tools": [_tool(number) for number in range(self.tools)]} if self.tools else {})


KINDS = {
    "chat": Kind("/v1/chat/completions", b'"content"', b"[DONE]"),
    "tools": Kind("/v1/chat/completions", b'"content"', b"[DONE]", tools=10),
    "responses": Kind("/v1/responses", b"output_text.delta", b"response.completed"),
}


def _tool(number: int) -> dict[str, Any]:
    """A tool as agents describe theirs: some hundred words and half a dozen arguments, 3 KB of JSON."""
    argument = {"type": "string", "description": TOOL_TEXT}
    names = ("path", "pattern", "replacement", "encoding")
    properties: dict[str, Any] = dict.fromkeys(names, argument)
    properties |= {"from_line": {"type": "integer", "minimum": 1}, "lines": {"type": "integer", "minimum": 1}}
    parameters = {"type": "object", "properties": properties, "required": ["path"], "additionalProperties": False}
    function = {"name": f"tool_{number}", "description": TOOL_TEXT * 4, "parameters": parameters}
    return {"type": "function", "function": function}
