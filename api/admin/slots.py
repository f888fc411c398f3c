"""The older settings routes: slots by plan and by account, as one document that is read, replaced and reset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.limits import service
from api.limits.schemas import LimitsRequest
from api.services import Services
from api.validation import validated
from bridge.accounts.buckets import MOST, PLANS, BucketLimits, SavedLimits, least
from bridge.keys.grant import Grant
from core.contracts.buckets import Bucket
from core.errors import InvalidRequestError


async def settings(services: Services) -> dict[str, Any]:
    """The document: what plans get, and what is saved for accounts. Saved as it is, it changes nothing.

    `in_force` has every number with its source.
    """
    now = await service.now(services)
    return {
        "version": 1,
        "concurrency": {
            bucket.value: {
                "plans": {plan: now["plans"][plan][bucket.value]["slots"] for plan in PLANS},
                "accounts": now["saved"]["accounts"].get(bucket.value, {}),
            }
            for bucket in Bucket
        },
        "in_force": {
            bucket.value: {
                "plans": {plan: sizes[bucket.value] for plan, sizes in now["plans"].items()},
                "accounts": {alias: sizes[bucket.value] for alias, sizes in now["accounts"].items()},
            }
            for bucket in Bucket
        },
        "warnings": now["warnings"],
    }


async def save(services: Services, grant: Grant, body: Mapping[str, Any]) -> dict[str, Any]:
    """Have exactly this saved; missing parts fall back to the environment and the table.

    A number out of its range is bent to it, as the older bridge did, and told in `warnings`. A plan's number that the
    environment or the table say anyway is not saved, so that it goes on following them.

    Args:
        body: the settings, or an object whose `settings` they are.

    Raises:
        InvalidRequestError: `param` names what is wrong; nothing was changed.
    """
    concurrency = _concurrency(body)
    bent = _bend(concurrency)
    wanted = service.saved_of(validated(LimitsRequest, concurrency))
    unsaved = (await services.bridge.limits.now()).limits.saving(SavedLimits())
    await service.save(services, grant, lambda _: _without(wanted, unsaved))
    return await _told(services, "chatgpt.admin.settings_save", bent)


async def reset(services: Services, grant: Grant) -> dict[str, Any]:
    """Forget everything that was saved."""
    await service.replace(services, grant, LimitsRequest())
    return await _told(services, "chatgpt.admin.settings_reset")


def _concurrency(body: Mapping[str, Any]) -> dict[str, Any]:
    given = body.get("settings", body)
    if not isinstance(given, dict):
        raise InvalidRequestError("`settings`: must be an object.", param="settings")
    concurrency = given.get("concurrency", {})
    if not isinstance(concurrency, dict):
        raise InvalidRequestError("`concurrency`: must be an object.", param="concurrency")
    unknown = sorted(set(concurrency) - {bucket.value for bucket in Bucket})
    if unknown:
        raise InvalidRequestError(f"`concurrency`: there is no kind of work {unknown[0]!r}.", param="concurrency")
    return concurrency


def _bend(concurrency: Mapping[str, Any]) -> list[str]:
    """Put numbers into their ranges, in place; returns what was done. What is no number stays."""
    bent = []
    for bucket, part, numbers in _tables(concurrency):
        for name, number in numbers.items():
            if type(number) is int and not least(bucket) <= number <= MOST:
                numbers[name] = within = min(max(number, least(bucket)), MOST)
                told = f"{number} is not within {least(bucket)} to {MOST}; {within} is saved."
                bent.append(f"{bucket.value}.{part}.{name}: {told}")
    return bent


def _tables(concurrency: Mapping[str, Any]) -> Iterator[tuple[Bucket, str, dict[str, Any]]]:
    for bucket, parts in concurrency.items():
        for part, numbers in parts.items() if isinstance(parts, dict) else ():
            if isinstance(numbers, dict):
                yield Bucket(bucket), part, numbers


def _without(wanted: SavedLimits, unsaved: BucketLimits) -> SavedLimits:
    sizes = {plan: unsaved.of_plan(plan) for plan in PLANS}
    plans = {
        bucket: {plan: number for plan, number in numbers.items() if number != sizes[plan][bucket].slots}
        for bucket, numbers in wanted.plans.items()
    }
    return SavedLimits(plans=plans, accounts=wanted.accounts)


async def _told(services: Services, kind: str, bent: Sequence[str] = ()) -> dict[str, Any]:
    now = await settings(services)
    now["warnings"] = [*now["warnings"], *bent]
    slots = {
        bucket.value: {alias: size["slots"] for alias, size in now["in_force"][bucket.value]["accounts"].items()}
        for bucket in Bucket
    }
    return {
        "object": kind,
        "ok": True,
        "settings": now,
        "account_concurrency": slots.pop(Bucket.CHAT.value),
        "feature_concurrency": slots,
    }
