"""Who can serve a request now, and why each other account cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bridge.accounts.account import Account
from bridge.accounts.leases import Used
from bridge.routing.needs import Needs
from bridge.routing.obstacles import met, obstacle
from bridge.routing.reasons import ALREADY_TRIED, BUSY, NOT_CONFIGURED, TRYING, skipped, words
from bridge.routing.strategies import Scene, Score, ranked
from core.contracts.operations import SkippedAccount
from core.contracts.routing import Strategy

_NOBODY: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Choice:
    """The account that serves, or `None`, and why others were passed over, in order.

    Attributes:
        order: who could serve, the first first; whoever answered before is not compared with the others.
        skipped: who could not.
    """

    order: tuple[tuple[Account, Score | None], ...]
    skipped: tuple[SkippedAccount, ...]

    @property
    def account(self) -> Account | None:
        """Who serves."""
        return self.order[0][0] if self.order else None

    @property
    def score(self) -> Score | None:
        """What the place of the one who serves comes from."""
        return self.order[0][1] if self.order else None

    @property
    def only_busy(self) -> bool:
        """Whether waiting for a slot can help."""
        return any(skip.reason in (BUSY, TRYING) for skip in self.skipped)


def choose(
    accounts: Sequence[Account],
    needs: Needs,
    scene: Scene,
    *,
    exclude: Mapping[str, str] = _NOBODY,
    prefer: str | None = None,
    thorough: bool = False,
) -> Choice:
    """Who serves: of those who can, whoever answered this conversation before, else the strategy's first.

    Args:
        exclude: accounts that count as tried already, and the code of the error that each failed with.
        prefer: who answered before, `None` when nobody did.
        thorough: put the others in order too where the preferred one serves.
    """
    able: list[Account] = []
    passed: list[SkippedAccount] = []
    for alias, account in _candidates(accounts, needs, prefer):
        skip = _skip(alias, account, needs, scene, exclude)
        if skip is not None:
            passed.append(skip)
            continue
        assert account is not None
        if alias == prefer and not thorough:
            return Choice(((account, None),), tuple(passed))
        able.append(account)
    if not able and not passed:
        passed.append(skipped("", NOT_CONFIGURED))
    order: list[tuple[Account, Score | None]] = [*ranked(able, needs, scene)]
    order.sort(key=lambda entry: entry[0].alias != prefer)
    return Choice(tuple(order), tuple(passed))


def skips(account: Account, needs: Needs, now: datetime, used: Used) -> SkippedAccount | None:
    """Why the account cannot serve the needs now, `None` when it can."""
    return _skip(account.alias, account, needs, Scene(used, now), _NOBODY)


def ended(account: Account, needs: Needs, now: datetime) -> list[str]:
    """The scopes of cooldowns whose end has passed and which the request would try out."""
    return [cooldown.scope for cooldown in met(account, needs) if cooldown.over(now)]


def _skip(
    alias: str, account: Account | None, needs: Needs, scene: Scene, exclude: Mapping[str, str]
) -> SkippedAccount | None:
    if alias in exclude:
        cause = exclude[alias]
        return skipped(alias, ALREADY_TRIED, text=f"{words(ALREADY_TRIED)} with {cause}" if cause else "")
    if account is None:
        return skipped(alias, NOT_CONFIGURED)
    found = obstacle(account, needs, scene)
    return None if found is None else skipped(alias, *found)


def _candidates(accounts: Sequence[Account], needs: Needs, prefer: str | None) -> list[tuple[str, Account | None]]:
    by_alias = {account.alias: account for account in accounts}
    order = list(needs.accounts or by_alias)
    if prefer in order:
        order.sort(key=lambda alias: alias != prefer)
    if needs.strategy is Strategy.STICKY:
        del order[1:]
    return [(alias, by_alias.get(alias)) for alias in order]
