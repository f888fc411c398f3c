"""How the parts of the bridge are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from api.services import Services
from bridge.accounts.account import Account
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
    """What the operator has to see to soon, an entry an account of the key's; empty where none can be read."""
    try:
        told = await services.bridge.care.forecasts()
    except BridgeError:
        return []
    seen = [each for each in told if not grant.accounts or each.account in grant.accounts]
    return [{"account": each.account, **each.shown()} for each in seen if each.stage.warns]


def ready(found: Sequence[Part], *, for_chat: bool) -> State:
    """The whole: what chat does not need does not count for chat."""
    states = {part.name: part.state for part in found}
    if for_chat:
        return "ok" if states["database"] == states["accounts"] == "ok" else "unavailable"
    if any(states[name] == "unavailable" for name in ("database", "temporal", "worker")):
        return "unavailable"
    return "ok" if set(states.values()) == {"ok"} else "degraded"


def can_chat(account: Account) -> bool:
    """Whether the account could serve a chat now, were a slot of it free."""
    return skips(account, _CHAT, utc_now(), {}) is None


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
    usable = sum(can_chat(account) for account in accounts)
    if not accounts:
        return Part("accounts", "degraded", "there is no account")
    return Part("accounts", "ok" if usable else "degraded", f"{usable} of {len(accounts)} can serve")
