"""Whether a request itself asks for a chat that upstream does not keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NAMES = ("history_and_training_disabled", "temporary_chat", "chatgpt_temporary_chat")


def private_of(options: Mapping[str, Any]) -> bool | None:
    """The first of its options that says anything, `None` where none does."""
    return next((bool(options[name]) for name in _NAMES if options[name] is not None), None)
