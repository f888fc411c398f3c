"""What an answer is called by: its ids, and the headers that say who answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

from api.answers.asked import Asked, Identity
from bridge.chat.choices import Choices

Naming: TypeAlias = Callable[[], dict[str, str]]
"""Makes the headers at the moment the answer begins, when it is known whose account it is."""


def identity(asked: Asked) -> Identity:
    """A new answer's."""
    return Identity(asked.new_id(), int(time.time()), asked.operation_id)


def headers_of(run: Choices, operation_id: str | None) -> dict[str, str]:
    """The headers of an answer that a run brings."""
    headers = {"x-chatgpt-attempts": str(len(run.attempts) + len(run.runs))}
    if run.account is not None:
        headers |= {"x-chatgpt-account": run.account, "x-chatgpt-route": run.route}
    if operation_id is not None:
        headers["x-chatgpt-operation-id"] = operation_id
    return headers
