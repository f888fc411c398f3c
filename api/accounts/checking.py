"""Live checks of accounts."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from api.accounts import view
from api.services import Services
from api.usage.view import entry
from bridge.accounts.account import Account
from bridge.accounts.advice import advice, standing
from bridge.keys.grant import Grant
from bridge.quota.checks import Checked
from bridge.routing.reasons import NOT_IN_POOL
from core.clock import utc_now
from core.errors import NotFoundError
from provider.interface.accounts import Inspection


async def check_one(services: Services, grant: Grant, alias: str, *, again: bool) -> dict[str, Any]:
    """Ask upstream whether an account works; costs no chat.

    Args:
        again: ask also one that upstream has closed, which works again if it answers.

    Raises:
        NotFoundError: there is no account of that name.
    """
    shown = await check(services, {alias}, again_by=grant.actor if again else None)
    if not shown and alias not in services.bridge.vault.aliases():
        raise NotFoundError(f"There is no account {alias!r}.")
    return {"object": "chatgpt.account.check", **(shown[0] if shown else outside(alias))}


async def check(
    services: Services, aliases: Collection[str] | None = None, *, again_by: str | None = None
) -> list[dict[str, Any]]:
    """Ask upstream whether accounts work, in parallel; those the pool does not have are left out."""
    checked = await services.bridge.checks.check(aliases, again_by=again_by)
    inspections = await services.bridge.overview.inspections([one.account.alias for one in checked])
    now = utc_now()
    return [_shown(one, inspections.get(one.account.alias), now) for one in checked]


def outside(alias: str) -> dict[str, Any]:
    """What is told of an account that the configured pool does not name: it is not asked."""
    return {
        "account": alias,
        "ok": None,
        "status": NOT_IN_POOL,
        "error": "The pool does not name this account.",
        "asked": False,
        "what_to_do": "Name it in CHATGPT_ACCOUNTS, or leave that unset, and start the bridge anew.",
    }


def _shown(checked: Checked, inspection: Inspection | None, now: datetime) -> dict[str, Any]:
    account = checked.account
    shown = entry(account, checked.quota, checked.probe, now)
    shown.pop("warning", None)
    shown.pop("error", None)
    shown.update(
        ok=checked.ok,
        status=_status(checked, account, now),
        asked=checked.asked,
        what_to_do=_advice(checked, account, now),
        profile=None if inspection is None else view.profile(inspection),
        capabilities=view.capabilities(account.capabilities),
    )
    problem = checked.error.message if checked.error is not None else standing(account, now).detail
    if checked.ok is not True and problem:
        shown["error"] = problem
    if checked.proved and checked.probe is not None and checked.probe.error is not None:
        shown["warning"] = f"The login is good, but the limits could not be read: {checked.probe.error.message}"
    if account.error is not None:
        shown["profile_error"] = account.error.message
    return shown


def _status(checked: Checked, account: Account, now: datetime) -> str:
    if checked.proved:
        return "metadata_unavailable"
    if checked.ok:
        return "ok"
    if not checked.asked and checked.ok is None:
        return "cooling" if standing(account, now).state == "cooling" else account.state.value
    return checked.error.code if checked.error is not None else standing(account, now).cause


def _advice(checked: Checked, account: Account, now: datetime) -> str:
    if checked.ok is not True and checked.error is not None:
        return advice(checked.error.code, account.alias)
    return standing(account, now).what_to_do
