"""Work that meets an account in quarantine: it waits, and what becomes of it when nobody refreshes the capture."""

from __future__ import annotations

from datetime import datetime

from bridge.accounts.account import Account, Health
from bridge.accounts.advice import advice
from core.errors import (
    AccountDisabledError,
    AccountError,
    AccountQuarantinedError,
    AuthExpiredError,
    BridgeError,
    BrowserCheckRequiredError,
)


def quarantine(account: Account, now: datetime) -> AccountQuarantinedError | None:
    """Why nothing may be sent with an account now, `None` when it may."""
    cause = account.quarantined(now)
    if cause is None:
        return None
    waits = f"It waits until the capture of {account.alias!r} is refreshed."
    return AccountQuarantinedError(
        f"{waits} {advice(cause.value, account.alias)}", account=account.alias, cause=cause.value
    )


def in_vain(error: AccountQuarantinedError) -> BridgeError:
    """How work ends whose time was over before the capture was refreshed."""
    said = f"The time was over before the capture of {error.account!r} was refreshed."
    if error.cause == Health.CHALLENGE:
        return BrowserCheckRequiredError(said, reason="not_refreshed")
    kind: type[AccountError] = AuthExpiredError if error.cause == Health.AUTH_EXPIRED else AccountDisabledError
    return kind(said)
