"""Slots, as those who administer see and change them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.limits.schemas import LimitsRequest
from api.services import Services
from bridge.accounts.buckets import MOST, PLANS, SavedLimits, Size, least
from bridge.accounts.leases import count
from bridge.accounts.limits import Revise, told
from bridge.keys.grant import Grant
from core.contracts.buckets import Bucket

_ADVICE = (
    "Slots are counted over all processes; a lower number lets what runs finish first.",
    "0 switches a kind of work off for an account; chat has at least one slot.",
    "ChatGPT has limits of its own, which more slots do not raise.",
    "What is saved here wins over the environment.",
)


async def now(services: Services) -> dict[str, Any]:
    """What is in force."""
    accounts = await services.bridge.registry.snapshot()
    current = await services.bridge.limits.now()
    limits = current.limits
    return {
        "object": "chatgpt.limits",
        "plans": {plan: {b.value: _size(size) for b, size in limits.of_plan(plan).items()} for plan in PLANS},
        "accounts": {
            account.alias: {
                bucket.value: {**_size(size), "in_use": count(current.used, account.alias, bucket)}
                for bucket, size in limits.sizes(account.alias, account.plan).items()
            }
            for account in accounts
        },
        "saved": told(limits.saved),
        "ranges": {bucket.value: [least(bucket), MOST] for bucket in Bucket},
        "warnings": [*await _nobodys(services, limits.saved), *_ADVICE],
    }


async def replace(services: Services, grant: Grant, wanted: LimitsRequest) -> dict[str, Any]:
    """Have exactly this saved."""
    return await save(services, grant, lambda _: saved_of(wanted))


async def change(services: Services, grant: Grant, wanted: LimitsRequest) -> dict[str, Any]:
    """Save this beside what is saved already."""

    def beside(before: SavedLimits) -> SavedLimits:
        return SavedLimits(
            plans={b: _given({**before.plans.get(b, {}), **getattr(wanted, b.value).plans}) for b in Bucket},
            accounts={b: _given({**before.accounts.get(b, {}), **getattr(wanted, b.value).accounts}) for b in Bucket},
        )

    return await save(services, grant, beside)


def saved_of(wanted: LimitsRequest) -> SavedLimits:
    """What a request says shall be saved."""
    return SavedLimits(
        plans={bucket: _given(getattr(wanted, bucket.value).plans) for bucket in Bucket},
        accounts={bucket: _given(getattr(wanted, bucket.value).accounts) for bucket in Bucket},
    )


async def save(services: Services, grant: Grant, revise: Revise) -> dict[str, Any]:
    """Have saved what `revise` makes of what is saved; returns what is in force then."""
    await services.bridge.limits.save(revise, actor=grant.actor)
    return await now(services)


async def _nobodys(services: Services, saved: SavedLimits) -> list[str]:
    there = {account.alias for account in await services.bridge.registry.every()}
    named = dict.fromkeys(name for numbers in saved.accounts.values() for name in numbers)
    return [f"Slots are saved for {name!r}, but there is no such account." for name in named if name not in there]


def _given(numbers: Mapping[str, int | None]) -> dict[str, int]:
    return {name: number for name, number in numbers.items() if number is not None}


def _size(size: Size) -> dict[str, Any]:
    return {"slots": size.slots, "source": size.source.value}
