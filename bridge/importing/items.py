"""What an import finds, one thing at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """What becomes of a thing."""

    TAKE = "take"
    HAVE = "have"
    SKIP = "skip"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing of the older folder.

    Attributes:
        kind: `account`, `artifact`, `folder`, `limits` or `database`.
        name: its alias or id; for people.
        detail: what it is, or why it is left out; never holds a secret.
    """

    kind: str
    name: str
    outcome: Outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ImportReport:
    """Everything that was found, in the order accounts, files, limits.

    Attributes:
        applied: whether what could be taken was taken; else nothing was written.
    """

    applied: bool
    items: tuple[Item, ...]

    def count(self, outcome: str, kind: str | None = None) -> int:
        """How many things of a kind have that outcome."""
        return sum(item.outcome == outcome and kind in (None, item.kind) for item in self.items)

    @classmethod
    def of(cls, items: Iterable[Item], *, applied: bool) -> ImportReport:
        """A report of these."""
        return cls(applied, tuple(items))
