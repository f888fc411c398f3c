"""Whose capture it is, and what goes when an account becomes another login's."""

from __future__ import annotations

from typing import Protocol

from bridge.accounts import conversations, cooldowns
from bridge.accounts.leases import Transaction
from core.errors import OtherLoginError
from provider.interface.accounts import Inspection

_MASKED = "***"
"""An id that is too short to show any of it; it tells nothing from nothing."""


class LoginMemory(Protocol):
    """What else is remembered of a login under an account's name."""

    def forget(self, conn: Transaction, alias: str) -> None:
        """Forget it, within the transaction that makes the account another login's."""

    def forgotten(self, alias: str) -> None:
        """Once that is written: forget it in this process, too."""


def same_login(one: Inspection, other: Inspection) -> bool | None:
    """Whether two captures belong to one login, `None` where they do not say; ids are masked, and long enough."""
    pairs = ((one.account_id, other.account_id), (one.user_id, other.user_id))
    known = [pair for pair in pairs if all(pair) and _MASKED not in pair]
    return all(was == is_ for was, is_ in known) if known else None


def require_same_login(alias: str, before: Inspection | None, now: Inspection) -> None:
    """See that an account stays the login's that it is.

    Raises:
        OtherLoginError: both captures say whose they are, and that differs.
    """
    if before is None or same_login(before, now) is not False:
        return
    raise OtherLoginError(
        f"The capture belongs to {_named(now)}, and {alias!r} is {_named(before)}.",
        param="other_login",
    )


def forget_login(conn: Transaction, alias: str) -> None:
    """Forget what the database remembers of an account's login beside the account's row."""
    cooldowns.forget(conn, alias)
    conversations.forget(conn, alias)


def _named(found: Inspection) -> str:
    return f"{found.email or 'a login'} ({found.account_id or found.user_id})"
