"""What the bridge does with documented fields of OpenAI's API; docs/compatibility.md is checked against the tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.errors import UnsupportedParameterError


class Effect(StrEnum):
    """How far a field is served."""

    HONOURED = "honoured"
    """It does what OpenAI's document says."""
    EMULATED = "emulated"
    """Upstream knows no such thing; the bridge does it in another way, which the note says."""
    IGNORED = "without effect"
    """Accepted for clients' sake; nothing comes of it."""
    REFUSED = "refused"
    """A request that asks for it is a 400 that names the field: any answer would not be what was asked for."""


def _asks(value: Any) -> bool:
    return bool(value)


@dataclass(frozen=True, slots=True)
class Field:
    """One field's fate.

    Attributes:
        note: what a user should know of it.
        asks: whether a value of a refused field asks for anything at all.
    """

    effect: Effect
    note: str = ""
    asks: Callable[[Any], bool] = _asks


HONOURED = Field(Effect.HONOURED)
NO_CONTROL = Field(Effect.IGNORED, "upstream has no such control")
NO_MEANING = Field(Effect.IGNORED, "means nothing upstream")


def require_served(fields: Mapping[str, Field], body: Mapping[str, Any]) -> None:
    """See that a body asks for nothing that is refused.

    Raises:
        UnsupportedParameterError: `param` is the field that does.
    """
    for name, field in fields.items():
        if field.effect is Effect.REFUSED and name in body and field.asks(body[name]):
            raise UnsupportedParameterError(f"`{name}` is not served: {field.note}.", param=name)
