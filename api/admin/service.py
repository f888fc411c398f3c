"""Accounts and captures, as the older routes show and change them."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime
from typing import Any

from api.accounts import checking, view
from api.admin.schemas import CheckRequest, DeleteRequest, InspectRequest, SaveRequest
from api.body import parsed
from api.operations.view import seconds
from api.services import Services
from bridge.accounts.account import Account
from bridge.accounts.overview import Sight
from bridge.keys.grant import Grant
from bridge.vault.aliases import is_alias
from bridge.vault.captures import CAPTURE_FILE, PREVIOUS_FILE, SETTINGS_FILE
from core.clock import utc_now
from core.errors import InvalidRequestError

_ALL = frozenset({"", "all", "*"})


async def accounts(services: Services) -> dict[str, Any]:
    """Every name that is routed to, has a file, or has a row, in alphabetical order."""
    seen, now = await services.bridge.overview.names(), utc_now()
    return {
        "object": "chatgpt.admin.accounts",
        "accounts": [_entry(services, sight, now) for sight in seen.sights],
        "stored_captures": services.bridge.vault.aliases(),
    }


async def inspect(services: Services, request: InspectRequest) -> dict[str, Any]:
    """What a capture holds, whatever the text is; nothing is written. Without a name it is the first account's.

    Raises:
        InvalidRequestError: there is no capture in the request, or the settings are none.
    """
    text, settings = text_of(request), settings_of(request)
    found = await asyncio.to_thread(services.bridge.captures.look_at, text, settings)
    alias = (request.account or "").strip() or await _primary(services)
    shown = view.inspection(found, alias)
    path = _path(services, alias, CAPTURE_FILE) if alias is not None and is_alias(alias) else None
    return {**shown, "preview": {**shown["preview"], "capture_path": path}}


async def save(services: Services, grant: Grant, request: SaveRequest) -> dict[str, Any]:
    """Keep a capture as an account; it counts from the next request on.

    Raises:
        InvalidRequestError: the name is missing, not allowed or taken.
        BridgeError: as `Captures.add` and `Captures.update`; nothing was written then.
    """
    alias = (request.account or "").strip()
    if not alias:
        raise InvalidRequestError("`account` is required.", param="account")
    text, verify, captures = text_of(request), request.verify and not request.force, services.bridge.captures
    settings = settings_of(request)
    if (request.replace or request.force) and alias in services.bridge.vault.aliases():
        other = request.other_login or request.force
        found = await captures.update(
            alias, text, actor=grant.actor, verify=verify, other_login=other, settings=settings
        )
    else:
        found = await captures.add(alias, text, actor=grant.actor, verify=verify, settings=settings)
    return {
        "saved": True,
        "account": alias,
        "capture_path": _path(services, alias, CAPTURE_FILE),
        "inspection": view.inspection(found, alias),
        "live_verify": "ok" if verify else "skipped",
    }


async def check(services: Services, request: CheckRequest) -> dict[str, Any]:
    """Ask upstream whether accounts work; a name that nobody has is told as what it is."""
    wanted = (request.account or "").strip()
    found = await checking.check(services, None if wanted in _ALL else {wanted})
    if wanted in _ALL or not found:
        found = [*found, *await _unchecked(services, found, wanted)]
    return {
        "object": "chatgpt.admin.account_check",
        "generated_at": utc_now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "accounts": found,
    }


async def delete(services: Services, grant: Grant, request: DeleteRequest) -> dict[str, Any]:
    """Remove an account and what was remembered of it; unknown names succeed with nothing removed.

    A capture that is kept is put aside: nothing is routed to the account any more, and it can be restored.

    Raises:
        InvalidRequestError: no account can have that name.
    """
    alias = request.account.strip()
    stored = any(
        sight.alias == alias and sight.row is not None for sight in (await services.bridge.overview.names()).sights
    )
    removed = await services.bridge.captures.delete(
        alias, actor=grant.actor, keep_capture=not request.delete_capture, keep_settings=not request.delete_settings
    )
    left = await services.bridge.registry.every()
    return {
        "object": "chatgpt.admin.account_delete",
        "ok": True,
        "account": alias,
        "deleted": {
            "capture": removed.capture and not removed.kept,
            "settings": removed.settings,
            "stored_metadata": stored,
            "empty_directory": removed.folder,
        },
        "capture_kept": removed.kept,
        "remaining_accounts": [account.alias for account in left],
        "paths": {name: _path(services, alias, file) for name, file in _FILES.items()},
        "kept_at": {
            "capture": _path(services, alias, PREVIOUS_FILE) if removed.kept else None,
            "settings": _path(services, alias, SETTINGS_FILE) if services.bridge.vault.has_settings(alias) else None,
        },
    }


def text_of(request: InspectRequest) -> str:
    """The capture of a request.

    Raises:
        InvalidRequestError: there is none.
    """
    text = request.capture_text or request.capture
    if text is None:
        raise InvalidRequestError("`capture_text` is required.", param="capture_text")
    return text


def settings_of(request: InspectRequest) -> str | None:
    """The web settings that a request brings, in JSON.

    Raises:
        InvalidRequestError: `settings_text` is no JSON object.
    """
    if request.settings is not None:
        return json.dumps(request.settings)
    if not request.settings_text:
        return None
    try:
        parsed(request.settings_text.encode())
    except InvalidRequestError:
        raise InvalidRequestError("`settings_text`: must be a JSON object.", param="settings_text") from None
    return request.settings_text


async def _primary(services: Services) -> str | None:
    pool = await services.bridge.registry.snapshot()
    return pool[0].alias if pool else None


_FILES = {"capture": CAPTURE_FILE, "settings": SETTINGS_FILE}


async def _unchecked(services: Services, found: list[dict[str, Any]], wanted: str) -> list[dict[str, Any]]:
    """Names without a live account: outside the pool, put aside, or unknown."""
    done = {entry["account"] for entry in found}
    names = [sight.alias for sight in (await services.bridge.overview.names()).sights]
    missing = [name for name in names if name not in done and wanted in _ALL]
    if wanted not in _ALL:
        missing = [wanted]
    there = set(services.bridge.vault.aliases())
    return [checking.outside(name) if name in there else _unknown(name) for name in missing]


def _unknown(name: str) -> dict[str, Any]:
    return {
        "account": name,
        "ok": False,
        "status": "account_not_configured",
        "error": "There is no capture of this name.",
        "asked": False,
    }


def _entry(services: Services, sight: Sight, now: datetime) -> dict[str, Any]:
    known, row = sight.account, sight.row
    shown: dict[str, Any] = {
        "account": sight.alias,
        "configured": sight.in_pool and known is not None and known.error is None,
        "capture_exists": known is not None and bool(known.capture_sha256 or sight.captured_at),
        "settings_exists": sight.settings,
        "previous_exists": sight.previous,
        "capture_path": _path(services, sight.alias, CAPTURE_FILE),
        "settings_path": _path(services, sight.alias, SETTINGS_FILE),
        "stored": None
        if row is None
        else {
            "account": sight.alias,
            "capture_path": _path(services, sight.alias, CAPTURE_FILE),
            "plan_type": row.plan,
            "email": row.email,
            "capabilities": None if known is None else view.capabilities(known.capabilities),
            "checks": [],
            "updated_at": row.updated_at.isoformat(),
        },
        "plan_type": None if known is None else known.plan,
        "plan_bucket": view.plan_bucket(None if known is None else known.plan),
        "email": None if known is None else known.email,
        "profile": None if sight.inspection is None else view.profile(sight.inspection),
        "error": None,
    }
    if row is not None and sight.inspection is not None:
        shown["stored"]["checks"] = view.checks(sight.inspection)
    return shown if known is None else shown | _live(sight, known, now)


def _live(sight: Sight, known: Account, now: datetime) -> dict[str, Any]:
    memory, health = known.memory, view.health(sight, known, now)
    shown: dict[str, Any] = {
        "token_expires_at": known.token_expires_at.isoformat() if known.token_expires_at else None,
        "captured_at": seconds(sight.captured_at),
        "capabilities": view.capabilities(known.capabilities),
        "limits": {bucket.value: limit for bucket, limit in known.limits.items()},
        "state": known.state.value,
        "state_reason": memory.state_reason,
        "weight": memory.weight,
        "tags": list(memory.tags),
        "note": memory.note,
        "health": {
            **health,
            "cooldown_until": None if known.cooldown is None else seconds(known.cooldown.until),
            "cooldown_reason": None if known.cooldown is None else known.cooldown.reason,
        },
    }
    if known.error is not None:
        shown["error"] = known.error.code
        shown["profile_error"] = known.error.message
    return shown


def _path(services: Services, alias: str, file: str) -> str:
    return str(services.settings.accounts.accounts_dir.absolute() / alias / file)
