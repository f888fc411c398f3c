"""What an answer is called by: its ids, and the headers that say who answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from bridge.chat.failover import ChatRun
from core import ids

Naming: TypeAlias = Callable[[], dict[str, str]]
"""Makes the headers at the moment the answer begins, when it is known whose account it is."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The same for everybody who hears one run."""

    completion_id: str
    created: int
    operation_id: str | None


def identity(operation_id: str | None) -> Identity:
    """A new answer's."""
    return Identity(ids.completion_id(), int(time.time()), operation_id)


def headers_of(run: ChatRun, operation_id: str | None) -> dict[str, str]:
    """The headers of an answer that a run brings."""
    headers = {"x-chatgpt-attempts": str(len(run.attempts) + 1)}
    if run.account is not None:
        headers |= {"x-chatgpt-account": run.account, "x-chatgpt-route": run.route}
    if operation_id is not None:
        headers["x-chatgpt-operation-id"] = operation_id
    return headers
