"""The older settings routes: slots by plan and by account, as one document that is read, replaced and reset."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api.limits import service
from api.limits.schemas import LimitsRequest
from api.services import Services
from api.validation import validated
from bridge.accounts.buckets import PLANS
from bridge.keys.grant import Grant
from core.contracts.buckets import Bucket
from core.errors import InvalidRequestError

_ADVICE = (
    "Slots are counted over all processes; a lower number lets what runs finish first.",
    "0 switches a kind of work off for an account; chat has at least one slot.",
    "ChatGPT has limits of its own, which more slots do not raise.",
    "What is saved here wins over the environment.",
)


async def settings(services: Services) -> dict[str, Any]:
    """What is in force now, and where each number comes from."""
    now = await service.now(services)
    concurrency = {
        bucket.value: {
            "plans": {plan: now["plans"][plan][bucket.value]["slots"] for plan in PLANS},
            "accounts": {alias: sizes[bucket.value]["slots"] for alias, sizes in now["accounts"].items()},
            "sources": {alias: sizes[bucket.value]["source"] for alias, sizes in now["accounts"].items()},
            "saved": {part: now["saved"][part].get(bucket.value, {}) for part in ("plans", "accounts")},
        }
        for bucket in Bucket
    }
    return {"version": 1, "concurrency": concurrency, "warnings": list(_ADVICE)}


async def save(services: Services, grant: Grant, body: Mapping[str, Any]) -> dict[str, Any]:
    """Have exactly this saved; missing parts fall back to the environment and the table.

    Args:
        body: the settings, or an object whose `settings` they are.

    Raises:
        InvalidRequestError: `param` names what is wrong; nothing was changed.
    """
    given = body.get("settings", body)
    if not isinstance(given, dict):
        raise InvalidRequestError("`settings`: must be an object.", param="settings")
    concurrency = given.get("concurrency", {})
    if not isinstance(concurrency, dict):
        raise InvalidRequestError("`concurrency`: must be an object.", param="concurrency")
    unknown = sorted(set(concurrency) - {bucket.value for bucket in Bucket})
    if unknown:
        raise InvalidRequestError(f"`concurrency`: there is no kind of work {unknown[0]!r}.", param="concurrency")
    await service.replace(services, grant, validated(LimitsRequest, concurrency))
    return await _told(services, "chatgpt.admin.settings_save")


async def reset(services: Services, grant: Grant) -> dict[str, Any]:
    """Forget everything that was saved."""
    await service.replace(services, grant, LimitsRequest())
    return await _told(services, "chatgpt.admin.settings_reset")


async def _told(services: Services, kind: str) -> dict[str, Any]:
    now = await settings(services)
    slots = {bucket.value: now["concurrency"][bucket.value]["accounts"] for bucket in Bucket}
    return {
        "object": kind,
        "ok": True,
        "settings": now,
        "account_concurrency": slots.pop(Bucket.CHAT.value),
        "feature_concurrency": slots,
    }
