"""Quota and usage, as far as a key may see them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from api.caller import accounts_of
from api.services import Services
from api.usage import view
from bridge.keys.grant import PRIMARY, Grant
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
    bridge, accounts = services.bridge, await accounts_of(services, grant)
    await bridge.quota.refresh(accounts, force=refresh)
    # What an account said may have put it into quarantine.
    accounts, now, book = await accounts_of(services, grant), utc_now(), bridge.quota.book
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
    """Readings of the past, oldest first.

    Raises:
        AccountNotAllowedError: the key may not use that account.
    """
    begin = since or utc_now() - timedelta(days=_DAYS)
    accounts = grant.accounts_among(() if account is None else (account,), param="account")
    found = await services.bridge.quota.keeper.history(accounts=accounts, feature=feature, since=begin, limit=limit)
    return {"object": "list", "data": [view.point(alias, reading) for alias, reading in found]}


async def counts(services: Services, grant: Grant, *, by: str, since: datetime | None) -> dict[str, Any]:
    """What was asked for: of a key that does not administer only its own.

    Raises:
        InvalidRequestError: `by` names what nothing is counted by.
    """
    named = [part.strip() for part in by.split(",") if part.strip()]
    order = list(dict.fromkeys("owner" if name == "key" else name for name in named))
    if not set(order) <= set(DIMENSIONS):
        raise InvalidRequestError("`by` takes `day`, `key`, `account`, `model` and `kind`, with commas.", param="by")
    begin = since or utc_now() - timedelta(days=_DAYS)
    found = await services.bridge.usage.report(since=begin, by=order, owner=grant.sees)
    names = await _key_names(services) if "owner" in order else {}
    return {
        "object": "list",
        "since": begin.strftime("%Y-%m-%d"),
        "by": ["key" if name == "owner" else name for name in order],
        "data": [view.count(one, order, names) for one in found],
    }


def is_text(form: str | None) -> bool:
    """Whether a table is asked for."""
    return (form or "").strip().lower() in _TEXTS


async def _key_names(services: Services) -> dict[str, str]:
    return {PRIMARY.key_id: PRIMARY.name, **{key.id: key.name for key in await services.bridge.keys.all()}}
