"""Who can serve a request now, and why each other account cannot."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from bridge.accounts.account import Account, AccountState, Health
from bridge.accounts.leases import Used, count
from bridge.routing.needs import Needs
from core.contracts.operations import SkippedAccount

BUSY = "busy"
"""The reason of an account that could serve, were its slots not taken."""

UNSUPPORTED = "unsupported_model"
"""The reason of an account whose plan does not offer the model or the effort."""

SWITCHED_OFF = "switched_off"
"""The reason of an account that has no slots at all for such work."""

NOT_CONFIGURED = "account_not_configured"
"""The reason of an account that is not there."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The account that serves, or `None` and the reason for each that was looked at, in order."""

    account: Account | None
    skipped: tuple[SkippedAccount, ...]

    @property
    def only_busy(self) -> bool:
        """Whether waiting for a slot can help."""
        return any(skip.reason == BUSY for skip in self.skipped)


def choose(
    accounts: Sequence[Account],
    needs: Needs,
    used: Used,
    now: datetime,
    *,
    exclude: Collection[str] = (),
    prefer: str | None = None,
) -> Choice:
    """The first account that can serve: the preferred one, then the order of the needs or of the pool.

    Accounts in `exclude` count as tried already.
    """
    skipped: list[SkippedAccount] = []
    for alias, account in _candidates(accounts, needs, prefer):
        if alias in exclude:
            skipped.append(SkippedAccount(account=alias, reason="already_tried"))
            continue
        skip = SkippedAccount(account=alias, reason=NOT_CONFIGURED) if account is None else None
        if account is not None:
            skip = skips(account, needs, now, used)
            if skip is None:
                return Choice(account, tuple(skipped))
        assert skip is not None
        skipped.append(skip)
    if not skipped:
        skipped.append(SkippedAccount(account="", reason=NOT_CONFIGURED))
    return Choice(None, tuple(skipped))


def skips(account: Account, needs: Needs, now: datetime, used: Used) -> SkippedAccount | None:
    """Why the account cannot serve the needs now, `None` when it can."""
    reason, until = _standing(account, needs, now) or _slots(account, needs, used) or (None, None)
    return None if reason is None else SkippedAccount(account=account.alias, reason=reason, until=until)


def _standing(account: Account, needs: Needs, now: datetime) -> tuple[str, datetime | None] | None:
    if account.error is not None:
        return account.error.code, None
    if account.state is not AccountState.ENABLED:
        return account.state.value, None
    if account.health is not Health.OK:
        return account.health.value, None
    if account.token_expires_at is not None and account.token_expires_at <= now:
        return Health.AUTH_EXPIRED.value, None
    if not _offers(account, needs):
        return UNSUPPORTED, None
    return _cooling(account, needs, now)


def _cooling(account: Account, needs: Needs, now: datetime) -> tuple[str, datetime] | None:
    memory = account.memory
    if memory.cooldown_until is not None and memory.cooldown_until > now:
        return memory.cooldown_reason, memory.cooldown_until
    for what, code in (
        (f"model:{needs.slug}", "model_limit"),
        *((f"bucket:{b}", "feature_limit") for b in needs.buckets),
    ):
        until = memory.limited.get(what)
        if until is not None and until > now:
            return code, until
    return None


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
    return [(alias, by_alias.get(alias)) for alias in order]
