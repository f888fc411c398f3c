"""Accounts and captures, as the operator sees and changes them."""

from __future__ import annotations

import asyncio
from typing import Any

from api.admin.schemas import InspectRequest, SaveRequest
from api.errors import ErrorAnswer, answer_to
from api.operations.view import seconds
from api.services import Services
from bridge.accounts.account import Account
from bridge.accounts.cooldowns import ACCOUNT
from bridge.chat.models import AUTO
from core.clock import utc_now
from core.errors import CaptureRejectedError, InvalidRequestError
from provider.interface.accounts import Capabilities, Inspection

_CAPTURE_FILE = "chatgpt-request.txt"


async def accounts(services: Services) -> list[dict[str, Any]]:
    """Every account of the pool, in the pool's order."""
    return [_account(services, account) for account in await services.bridge.registry.snapshot()]


async def inspect(services: Services, request: InspectRequest) -> dict[str, Any]:
    """What a capture holds; nothing is written.

    Raises:
        InvalidRequestError: there is no capture in the request.
        CaptureRejectedError: it is not a capture at all.
    """
    inspection = await asyncio.to_thread(services.bridge.captures.inspect, _text(request))
    return _inspection(inspection, request.account)


async def save(services: Services, request: SaveRequest) -> dict[str, Any]:
    """Keep a capture as an account; it counts from the next request on.

    Raises:
        InvalidRequestError: the name is missing, not allowed or taken.
        BridgeError: as `Captures.add`; nothing was written then.
    """
    alias = (request.account or "").strip()
    if not alias:
        raise InvalidRequestError("`account` is required.", param="account")
    inspection = await services.bridge.captures.add(
        alias, _text(request), verify=request.verify, replace=request.replace or request.force
    )
    return {
        "saved": True,
        "account": alias,
        "capture_path": _capture_path(services, alias),
        "inspection": _inspection(inspection, alias),
        "live_verify": "ok" if request.verify else "skipped",
    }


async def rejection(services: Services, request: SaveRequest, error: CaptureRejectedError) -> ErrorAnswer:
    """A capture that was refused, with what is missing in it where it could be read."""
    answer = answer_to(error)
    try:
        shown = await inspect(services, request)
    except CaptureRejectedError:
        return answer
    failed = [*shown["missing"], *shown["warnings"]]
    answer.body["error"].update(failed=failed, missing=shown["missing"], warnings=shown["warnings"])
    answer.body["inspection"] = shown
    return answer


async def delete(services: Services, alias: str) -> dict[str, Any]:
    """Remove an account, its capture and what was remembered of it; unknown names succeed with nothing removed.

    Raises:
        InvalidRequestError: no account can have that name.
    """
    existed = await services.bridge.captures.delete(alias)
    left = await services.bridge.registry.snapshot()
    return {
        "object": "chatgpt.admin.account_delete",
        "ok": True,
        "account": alias.strip(),
        "deleted": {"capture": existed, "settings": False, "stored_metadata": existed, "empty_directory": existed},
        "remaining_accounts": [account.alias for account in left],
        "paths": {"capture": _capture_path(services, alias.strip())},
    }


def _account(services: Services, account: Account) -> dict[str, Any]:
    memory = account.memory
    shown: dict[str, Any] = {
        "account": account.alias,
        "configured": account.error is None,
        "capture_exists": bool(account.capture_sha256),
        "capture_path": _capture_path(services, account.alias),
        "plan_type": account.plan,
        "plan_bucket": _bucket(account.plan),
        "email": account.email,
        "token_expires_at": _iso(account),
        "capabilities": _capabilities(account.capabilities),
        "limits": {bucket.value: limit for bucket, limit in account.limits.items()},
        "state": account.state.value,
        "state_reason": account.memory.state_reason,
        "health": {
            "state": account.health.value,
            "detail": memory.health_detail if account.health.value != "ok" else "",
            "cooldown_until": None if account.cooldown is None else seconds(account.cooldown.until),
            "cooldown_reason": None if account.cooldown is None else account.cooldown.reason,
            "limited": {
                scope: seconds(cooldown.until)
                for scope, cooldown in memory.cooldowns.items()
                if scope != ACCOUNT and not cooldown.over(utc_now())
            },
        },
        "error": None,
    }
    if account.error is not None:
        shown["error"] = account.error.code
        shown["profile_error"] = account.error.message
    return shown


def _inspection(inspection: Inspection, account: str | None) -> dict[str, Any]:
    plan = inspection.capabilities.plan
    expires = inspection.token_expires_at
    return {
        "ok": inspection.ok,
        "account": account,
        "format": inspection.format,
        "missing": list(inspection.missing),
        "warnings": list(inspection.warnings),
        "checks": [
            {"name": check.name, "level": check.level, "ok": check.ok, "detail": check.detail}
            for check in inspection.checks
        ],
        "detected": {
            "plan_type": plan,
            "plan_bucket": _bucket(plan),
            "email": inspection.email,
            "account_id": inspection.account_id,
            "user_id": inspection.user_id,
            "token_expires_at": expires.isoformat() if expires else None,
            "observed_models": list(inspection.observed_models),
        },
        "capabilities": _capabilities(inspection.capabilities),
    }


def _capabilities(known: Capabilities) -> dict[str, Any]:
    return {
        "plan_type": known.plan,
        "plan_bucket": _bucket(known.plan),
        "supported_models": list(known.models),
        "efforts": {slug: list(efforts) for slug, efforts in known.efforts.items()},
        "auto_model": AUTO,
        "auto_only": set(known.models) <= {AUTO},
    }


def _bucket(plan: str | None) -> str | None:
    return None if plan is None else "free" if plan == "free" else "paid"


def _iso(account: Account) -> str | None:
    return account.token_expires_at.isoformat() if account.token_expires_at else None


def _capture_path(services: Services, alias: str) -> str:
    return str(services.settings.accounts.accounts_dir.absolute() / alias / _CAPTURE_FILE)


def _text(request: InspectRequest) -> str:
    text = request.capture_text or request.capture
    if text is None:
        raise InvalidRequestError("`capture_text` is required.", param="capture_text")
    return text
