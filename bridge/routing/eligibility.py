"""Who can serve a request now, and why each other account cannot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.accounts.account import Account, AccountState, Health
from bridge.accounts.cooldowns import Cooldown, in_the_way, limiting
from bridge.accounts.leases import Used, count
from bridge.routing.needs import Needs
from bridge.routing.strategies import Scene, Score, ranked
from core.contracts.operations import SkippedAccount
from core.contracts.routing import Strategy

BUSY = "busy"
"""The reason of an account that could serve, were its slots not taken."""

TRYING = "trying_again"
"""The reason of an account whose cooldown has ended and which another request is trying out."""

UNSUPPORTED = "unsupported_model"
"""The reason of an account whose plan does not offer the model or the effort."""

SWITCHED_OFF = "switched_off"
"""The reason of an account that has no slots at all for such work."""

EXHAUSTED = "quota_exhausted"
"""The reason of an account that is known to have too little left of what the request takes."""

NOT_CONFIGURED = "account_not_configured"
"""The reason of an account that is not there."""

ALREADY_TRIED = "already_tried"
"""The reason of an account that failed at this request."""

NOT_STICKY = "not_the_sticky_one"
"""The reason of every account but one under a strategy that never changes it."""


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
    exclude: Collection[str] = (),
    prefer: str | None = None,
    thorough: bool = False,
) -> Choice:
    """Who serves: of those who can, whoever answered this conversation before, else the strategy's first.

    Args:
        exclude: accounts that count as tried already.
        prefer: who answered before, `None` when nobody did.
        thorough: put the others in order too where the preferred one serves.
    """
    able: list[Account] = []
    skipped: list[SkippedAccount] = []
    for alias, account in _candidates(accounts, needs, prefer):
        skip = _skip(alias, account, needs, scene, exclude)
        if skip is not None:
            skipped.append(skip)
            continue
        assert account is not None
        if alias == prefer and not thorough:
            return Choice(((account, None),), tuple(skipped))
        able.append(account)
    if not able and not skipped:
        skipped.append(SkippedAccount(account="", reason=NOT_CONFIGURED))
    order: list[tuple[Account, Score | None]] = [*ranked(able, needs, scene)]
    order.sort(key=lambda entry: entry[0].alias != prefer)
    return Choice(tuple(order), tuple(skipped))


def skips(account: Account, needs: Needs, now: datetime, used: Used) -> SkippedAccount | None:
    """Why the account cannot serve the needs now, `None` when it can."""
    return _skip(account.alias, account, needs, Scene(used, now), ())


def ended(account: Account, needs: Needs, now: datetime) -> list[str]:
    """The scopes of cooldowns whose end has passed and which the request would try out."""
    return [cooldown.scope for cooldown in _met(account, needs) if cooldown.over(now)]


def _skip(
    alias: str, account: Account | None, needs: Needs, scene: Scene, exclude: Collection[str]
) -> SkippedAccount | None:
    if alias in exclude:
        return SkippedAccount(account=alias, reason=ALREADY_TRIED)
    if account is None:
        return SkippedAccount(account=alias, reason=NOT_CONFIGURED)
    found = (
        _standing(account, needs, scene.now)
        or _cooling(account, needs, scene)
        or _quota(account, needs)
        or _slots(account, needs, scene.used)
    )
    return None if found is None else SkippedAccount(account=alias, reason=found[0], until=found[1])


def _standing(account: Account, needs: Needs, now: datetime) -> tuple[str, datetime | None] | None:
    if account.error is not None:
        return account.error.code, None
    if account.state is not AccountState.ENABLED:
        return account.state.value, None
    if account.health is not Health.OK:
        return account.health.value, None
    if account.token_expires_at is not None and account.token_expires_at <= now:
        return Health.AUTH_EXPIRED.value, None
    return None if _offers(account, needs) else (UNSUPPORTED, None)


def _cooling(account: Account, needs: Needs, scene: Scene) -> tuple[str, datetime | None] | None:
    if not account.memory.cooldowns:
        return None
    met = _met(account, needs)
    running = [cooldown for cooldown in met if not cooldown.over(scene.now)]
    if running:
        # It can serve again when the last of them has ended.
        last = max(running, key=lambda cooldown: cooldown.until)
        return last.reason, last.until
    return (TRYING, None) if any((account.alias, cooldown.scope) in scene.trying for cooldown in met) else None


def _met(account: Account, needs: Needs) -> list[Cooldown]:
    return in_the_way(account.memory.cooldowns, limiting(needs.slug, needs.buckets))


def _quota(account: Account, needs: Needs) -> tuple[str, datetime | None] | None:
    fact = account.quota(needs.features)
    return (EXHAUSTED, fact.until) if fact.status == "insufficient" else None


def _offers(account: Account, needs: Needs) -> bool:
    known = account.capabilities
    if needs.slug == "auto" or known.open_ended:
        # Of an unknown plan nothing can be ruled out.
        return True
    if needs.slug not in known.models:
        return False
    return needs.effort is None or needs.effort in known.efforts.get(needs.slug, (needs.effort,))


def _slots(account: Account, needs: Needs, used: Used) -> tuple[str, None] | None:
    for bucket in needs.buckets:
        if account.slots(bucket) == 0:
            return SWITCHED_OFF, None
    for bucket in needs.buckets:
        if count(used, account.alias, bucket) >= account.slots(bucket):
            return BUSY, None
    return None


def _candidates(accounts: Sequence[Account], needs: Needs, prefer: str | None) -> list[tuple[str, Account | None]]:
    by_alias = {account.alias: account for account in accounts}
    order = list(needs.accounts or by_alias)
    if prefer in order:
        order.sort(key=lambda alias: alias != prefer)
    if needs.strategy is Strategy.STICKY:
        del order[1:]
    return [(alias, by_alias.get(alias)) for alias in order]
