"""Accounts, as those who administer see and change them."""

from __future__ import annotations

import asyncio
from typing import Any

from api.accounts import view
from api.accounts.schemas import (
    AddAccountRequest,
    ChangeAccountRequest,
    InspectCaptureRequest,
    RestoreCaptureRequest,
    UpdateCaptureRequest,
)
from api.services import Services
from bridge.accounts.changes import KEEP
from bridge.keys.grant import Grant
from bridge.vault.captures import CAPTURE_FILE
from core.clock import utc_now
from core.errors import InvalidRequestError, NotFoundError
from provider.interface.accounts import Inspection

_LONGEST_NUMBER = 18


async def every(services: Services) -> list[dict[str, Any]]:
    """Every account, those of the pool first and in its order."""
    seen, now, book = await services.bridge.overview.accounts(), utc_now(), services.bridge.quota.book
    return [view.account(sight, seen.taken, book.account(sight.alias), now) for sight in seen.sights]


async def one(services: Services, alias: str) -> dict[str, Any]:
    """One account, with what its capture says.

    Raises:
        NotFoundError: there is none of that name.
    """
    sight, taken = await services.bridge.overview.account(alias)
    return view.account(sight, taken, services.bridge.quota.book.account(alias), utc_now())


async def inspect(services: Services, request: InspectCaptureRequest) -> dict[str, Any]:
    """What a capture holds, whatever the text is; nothing is written."""
    found = await asyncio.to_thread(services.bridge.captures.look_at, request.capture)
    return {"object": "chatgpt.capture.inspection", **view.inspection(found, None)}


async def add(services: Services, grant: Grant, request: AddAccountRequest) -> dict[str, Any]:
    """Make an account of a capture; raises what `Captures.add` does, and nothing was written then."""
    found = await services.bridge.captures.add(request.alias, request.capture, actor=grant.actor, verify=request.verify)
    return await _kept(services, request.alias, found, verified=request.verify)


async def update(services: Services, grant: Grant, alias: str, request: UpdateCaptureRequest) -> dict[str, Any]:
    """Give an account a newer capture; raises what `Captures.update` does, and nothing was written then."""
    found = await services.bridge.captures.update(
        alias, request.capture, actor=grant.actor, verify=request.verify, other_login=request.other_login
    )
    return await _kept(services, alias, found, verified=request.verify)


async def restore(services: Services, grant: Grant, alias: str, request: RestoreCaptureRequest) -> dict[str, Any]:
    """Take an account's previous capture again; raises what `Captures.restore` does."""
    found = await services.bridge.captures.restore(alias, actor=grant.actor, verify=request.verify)
    return await _kept(services, alias, found, verified=request.verify)


async def change(services: Services, grant: Grant, alias: str, request: ChangeAccountRequest) -> dict[str, Any]:
    """Change what a request names.

    Raises:
        InvalidRequestError: a value is not allowed.
        NotFoundError: there is no account of that name.
    """
    named = request.model_fields_set
    await services.bridge.changes.change(
        alias,
        grant.actor,
        state=request.state,
        reason=request.reason,
        weight=request.weight if "weight" in named else KEEP,
        tags=request.tags if "tags" in named else None,
        note=request.note,
    )
    return await one(services, alias)


async def delete(services: Services, grant: Grant, alias: str, *, keep_capture: bool) -> dict[str, Any]:
    """Remove an account.

    Raises:
        NotFoundError: there was none of that name.
    """
    known = {sight.alias for sight in (await services.bridge.overview.names()).sights}
    if alias not in known:
        raise NotFoundError(f"There is no account {alias!r}.")
    removed = await services.bridge.captures.delete(alias, actor=grant.actor, keep_capture=keep_capture)
    return {
        "object": "chatgpt.account.deleted",
        "alias": alias,
        "deleted": True,
        "capture_kept": removed.kept,
        "previous_deleted": removed.previous,
    }


async def events(services: Services, alias: str | None, *, cursor: str | None, limit: int) -> dict[str, Any]:
    """What happened, newest first.

    Raises:
        InvalidRequestError: `cursor` is none that a page gave out.
    """
    found = await services.bridge.account_events.page(alias, before=_number(cursor), limit=limit + 1)
    shown, more = found[:limit], len(found) > limit
    return {
        "object": "list",
        "data": [view.event(told) for told in shown],
        "has_more": more,
        "next_cursor": str(shown[-1].number) if more else None,
    }


async def _kept(services: Services, alias: str, found: Inspection, *, verified: bool) -> dict[str, Any]:
    shown = await one(services, alias)
    path = services.settings.accounts.accounts_dir.absolute() / alias / CAPTURE_FILE
    return {
        **shown,
        "live_verify": "ok" if verified else "skipped",
        "warnings": list(found.warnings),
        "capture_path": str(path),
        "same_login_as": list(await services.bridge.overview.same_login(alias, found)),
    }


def _number(cursor: str | None) -> int | None:
    if cursor is None:
        return None
    if not cursor.isascii() or not cursor.isdecimal() or len(cursor) > _LONGEST_NUMBER:
        raise InvalidRequestError("`cursor` is not one that an earlier page gave out.", param="cursor")
    return int(cursor)
