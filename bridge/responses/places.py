"""Where a conversation lies upstream."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

Item: TypeAlias = dict[str, Any]
"""An item of a response's input or output, as the client reads it."""


@dataclass(frozen=True, slots=True)
class Place:
    """The end of a conversation that can be gone on with.

    Attributes:
        account: the only one that can answer there.
        told: names the tools that were described there, `None` where none were.
    """

    account: str
    upstream_id: str
    message_id: str
    told: str | None = None

    @property
    def columns(self) -> dict[str, str | None]:
        """The place as a row has it."""
        return {
            "account": self.account,
            "upstream_id": self.upstream_id,
            "message_id": self.message_id,
            "told": self.told,
        }


NOWHERE: dict[str, str | None] = {"account": None, "upstream_id": None, "message_id": None, "told": None}


def place_of(row: Any) -> Place | None:
    """The place that a row names, `None` where it names none."""
    if row.account is None or row.upstream_id is None or row.message_id is None:
        return None
    return Place(row.account, row.upstream_id, row.message_id, row.told)
