"""Quota and usage, as far as a key may see them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from api.services import Services
from api.usage import view
from bridge.accounts.account import Account
from bridge.keys.grant import Grant
from bridge.usage.rows import DIMENSIONS
from core.clock import utc_now
from core.errors import InvalidRequestError

_TEXTS = ("table", "text", "markdown", "md")
_DAYS = 30


async def usage(services: Services, grant: Grant, *, refresh: bool) -> dict[str, Any]:
    """Every account's limits; those that are not new are asked for, in parallel and briefly.

    Args:
        refresh: ask also where the limits are new.
    """
    bridge, accounts = services.bridge, await _accounts(services, grant)
    await bridge.quota.refresh(accounts, force=refresh)
    # What an account said may have put it into quarantine.
    accounts, now, book = await _accounts(services, grant), utc_now(), bridge.quota.book
    return {
        "object": "chatgpt.usage",
        "provider": "chatgpt-web",
        "generated_at": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "account_strategy": services.settings.accounts.strategy.value,
        "mode": "live",
        "accounts": [
            view.entry(account, book.account(account.alias), bridge.quota.probes.last(account.alias), now)
            for account in accounts
        ],
    }


async def history(
    services: Services, grant: Grant, *, account: str | None, feature: str | None, since: datetime | None, limit: int
) -> dict[str, Any]:
    """Readings of the past, oldest first."""
    begin = since or utc_now() - timedelta(days=_DAYS)
    seen = {one.alias for one in await _accounts(services, grant)}
    found = await services.bridge.quota.keeper.history(account=account, feature=feature, since=begin, limit=limit)
    shown = [view.point(alias, reading) for alias, reading in found if not grant.accounts or alias in seen]
    return {"object": "list", "data": shown}


async def counts(services: Services, grant: Grant, *, by: str, since: datetime | None) -> dict[str, Any]:
    """What was asked for: of a key that does not administer only its own.

    Raises:
        InvalidRequestError: `by` names what nothing is counted by.
    """
    wanted = {"owner" if name == "key" else name for name in (part.strip() for part in by.split(",")) if name}
    if not wanted <= set(DIMENSIONS):
        raise InvalidRequestError("`by` takes `day`, `key`, `account`, `model` and `kind`, with commas.", param="by")
    begin = since or utc_now() - timedelta(days=_DAYS)
    found = await services.bridge.usage.report(since=begin, by=wanted, owner=grant.sees)
    order = [name for name in DIMENSIONS if name in wanted]
    return {
        "object": "list",
        "since": begin.strftime("%Y-%m-%d"),
        "by": ["key" if name == "owner" else name for name in order],
        "data": [view.count(one, order) for one in found],
    }


def is_text(form: str | None) -> bool:
    """Whether a table is asked for."""
    return (form or "").strip().lower() in _TEXTS


async def _accounts(services: Services, grant: Grant) -> list[Account]:
    accounts = await services.bridge.registry.snapshot()
    return [account for account in accounts if not grant.accounts or account.alias in grant.accounts]
