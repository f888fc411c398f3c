"""A chat that a client asked for, whatever route it came by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from starlette.types import Receive, Scope

from api.connection import Voice
from api.errors import ErrorAnswer
from bridge.chat.answer import Listener
from bridge.chat.choices import Answered
from bridge.chat.order import ChatOrder
from core import ids

Digest: TypeAlias = Callable[[], Awaitable[str]]
"""What makes two requests with the same key the same: all but how and by which id the answer is read."""

Settle: TypeAlias = Callable[["Identity", Answered], Awaitable[Answered]]
"""Takes the answers once, before anybody is told of their end, and gives them as they are told."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The same for everybody who hears one run; `created` is Unix time."""

    completion_id: str
    created: int
    operation_id: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    """What is run for it.

    Attributes:
        route: the route's template; an idempotency key counts within it.
        owner: whose key asks.
        model: the name as the client wrote it.
        operation_id: the client's own choice, `None` for none.
        key: the client's `Idempotency-Key`.
        choices: how many answers are wanted.
        new_id: makes the id of an answer.
        settle: has the last word on the answers, such as keeping them.
    """

    route: str
    order: ChatOrder
    owner: str
    model: str
    operation_id: str | None
    key: str | None
    digest: Digest = field(repr=False)
    choices: int = 1
    new_id: Callable[[], str] = ids.completion_id
    settle: Settle | None = None


class ClientAnswer(Listener, Voice, Protocol):
    """What one connection hears: it writes down what comes in the form that its client asked for."""

    async def finish(self, answered: Answered) -> None:
        """Send what is left, and the end."""

    async def fail(self, answer: ErrorAnswer, scope: Scope, receive: Receive) -> None:
        """Send an error: as an answer of its own while nothing was sent, else as the last thing."""

    def close(self) -> None:
        """Nothing begins by itself any more."""
