"""How a chat's client wants its answer worded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """What of the same answer differs from client to client.

    Attributes:
        model: the name as the client wrote it.
        stream: it comes in pieces.
        usage: a stream ends with what it used.
        older: calls are told in the older form, `function_call`.
        thoughts: what the model shows of its thinking is told.
        choices: how many answers there are.
    """

    model: str
    stream: bool = False
    usage: bool = False
    older: bool = False
    thoughts: bool = False
    choices: int = 1
