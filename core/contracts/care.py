"""Care of accounts: what a round is to do, and what it did."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from core.contracts.base import Contract

CanaryOutcome = Literal["answered", "failed", "skipped"]
"""`skipped`: it must not be asked now, for instance because it was paused meanwhile."""


class CareInput(Contract):
    """One round.

    Attributes:
        canary: whether accounts are asked whether they still work.
        spread: the time over which they are asked, each at a moment of its own.
    """

    canary: bool = True
    spread: timedelta = timedelta(minutes=10)


class Warned(Contract):
    """One account that is near its end; `stage` is one of `bridge.accounts.forecast`."""

    account: str
    stage: str
    message: str


class Look(Contract):
    """What looking at all accounts brought.

    Attributes:
        accounts: how many there are.
        warned: warnings that nobody had given before.
        askable: accounts that may be asked whether they still work.
    """

    accounts: int = 0
    warned: tuple[Warned, ...] = ()
    askable: tuple[str, ...] = ()


class CanaryInput(Contract):
    """The account to ask."""

    account: str


class Canary(Contract):
    """What became of asking one account; `code` is the error's where it failed."""

    account: str
    outcome: CanaryOutcome
    code: str | None = None


class CareReport(Contract):
    """What a round did.

    Attributes:
        accounts: how many there are.
        warned: warnings given.
        canaries: what became of each account that was asked, in the pool's order.
    """

    accounts: int = 0
    warned: tuple[Warned, ...] = ()
    canaries: tuple[Canary, ...] = ()

    def __str__(self) -> str:
        counted = dict.fromkeys(("answered", "failed", "skipped"), 0)
        for canary in self.canaries:
            counted[canary.outcome] += 1
        shown = ", ".join(f"{count} {outcome}" for outcome, count in counted.items())
        return f"{self.accounts} accounts, {len(self.warned)} warnings; canaries: {shown}"
