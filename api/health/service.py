"""How the parts of the bridge are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from api.caller import accounts_of
from api.services import Services
from bridge.accounts.account import Account
from bridge.accounts.advice import standing
from bridge.accounts.forecast import forecast
from bridge.keys.grant import Grant
from bridge.routing.eligibility import skips
from bridge.routing.needs import Needs
from core.clock import utc_now
from core.contracts.buckets import Bucket
from core.errors import BridgeError

State = Literal["ok", "degraded", "unavailable"]

_CHAT = Needs(kind="chat", buckets=(Bucket.CHAT,))


@dataclass(frozen=True, slots=True)
class Part:
    """One part; `detail` is for those who have the key."""

    name: str
    state: State
    detail: str | None = None


async def parts(services: Services) -> tuple[Part, ...]:
    """Every part, looked at now."""
    temporal = _temporal(services)
    return (await _database(services), temporal, await _worker(services, temporal), await _accounts(services))


async def warnings(services: Services, grant: Grant) -> list[dict[str, Any]]:
    """What the operator has to see to, an entry an account of the key's; empty where the accounts cannot be read.

    `stage` is how near a capture's end is, or else `quarantined` or `unusable`.
    """
    try:
        accounts = await accounts_of(services, grant)
    except BridgeError:
        return []
    now = utc_now()
    return [found for found in (_warning(account, now) for account in accounts) if found is not None]


def _warning(account: Account, now: datetime) -> dict[str, Any] | None:
    told, stands = forecast(account, now), standing(account, now)
    if told.stage.warns:
        return {"account": account.alias, **told.shown()}
    if stands.state not in ("quarantined", "unusable"):
        return None
    return {"account": account.alias, **told.shown(), "stage": stands.state, "message": stands.what_to_do}


def ready(found: Sequence[Part], *, for_chat: bool) -> State:
    """The whole: what chat does not need does not count for chat."""
    states = {part.name: part.state for part in found}
    if for_chat:
        return "ok" if states["database"] == states["accounts"] == "ok" else "unavailable"
    if any(states[name] == "unavailable" for name in ("database", "temporal", "worker")):
        return "unavailable"
    return "ok" if set(states.values()) == {"ok"} else "degraded"


async def _database(services: Services) -> Part:
    try:
        await services.bridge.store.changed()
    except BridgeError as error:
        return Part("database", "unavailable", error.message)
    return Part("database", "ok")


def _temporal(services: Services) -> Part:
    if not services.temporal.available:
        return Part("temporal", "unavailable", f"no answer from {services.settings.temporal.target}")
    return Part("temporal", "ok")


async def _worker(services: Services, temporal: Part) -> Part:
    if temporal.state != "ok" or not await services.temporal.worker_alive():
        return Part("worker", "unavailable", "no worker has asked for work lately")
    failing = services.temporal.failing
    if failing:
        return Part("worker", "degraded", f"workflow tasks fail again and again: {', '.join(sorted(failing))}")
    return Part("worker", "ok")


async def _accounts(services: Services) -> Part:
    try:
        accounts = await services.bridge.registry.snapshot()
    except BridgeError as error:
        return Part("accounts", "degraded", error.message)
    if not accounts:
        return Part("accounts", "degraded", "there is no account")
    now = utc_now()
    why = Counter(skip.reason for account in accounts if (skip := skips(account, _CHAT, now, {})) is not None)
    usable = len(accounts) - why.total()
    others = f" ({', '.join(f'{count} {reason}' for reason, count in why.items())})" if why else ""
    return Part("accounts", "ok" if usable else "degraded", f"{usable} of {len(accounts)} can serve{others}")
