"""API keys, as those who administer see and change them."""

from __future__ import annotations

from typing import Any

from api.keys.schemas import ChangeKeyRequest, CreateKeyRequest
from api.operations.view import seconds
from api.services import Services
from bridge.chat.models import is_listed
from bridge.keys.grant import PRIMARY, Grant
from core.clock import utc_now
from core.contracts.keys import AccessScope, KeyRecord, KeyTerms
from core.errors import InvalidRequestError


async def every(services: Services) -> list[dict[str, Any]]:
    """Every key there ever was, the operator's own first."""
    return [_bootstrap(services), *(view(record) for record in await services.bridge.keys.all())]


async def one(services: Services, key_id: str) -> dict[str, Any]:
    """One key.

    Raises:
        NotFoundError: there is none of this id.
    """
    return _bootstrap(services) if key_id == PRIMARY.key_id else view(await services.bridge.keys.get(key_id))


async def create(services: Services, grant: Grant, request: CreateKeyRequest) -> dict[str, Any]:
    """Make a key; this answer alone holds it."""
    made = await services.bridge.keys.create(KeyTerms(**request.model_dump()), actor=grant.actor)
    return {**view(made.record), "key": made.value, "warnings": await _warnings(services, made.record)}


async def change(services: Services, grant: Grant, key_id: str, request: ChangeKeyRequest) -> dict[str, Any]:
    """Change what a request names.

    Raises:
        InvalidRequestError: it is the operator's own key.
        NotFoundError: there is none of this id.
        RevokedKeyError: it was revoked.
    """
    _require_made(key_id)
    changes = request.model_dump(include=request.model_fields_set)
    changed = await services.bridge.keys.change(key_id, changes, actor=grant.actor)
    return {**view(changed), "warnings": await _warnings(services, changed)}


async def revoke(services: Services, grant: Grant, key_id: str) -> dict[str, Any]:
    """Take a key back.

    Raises:
        InvalidRequestError: it is the operator's own key.
        NotFoundError: there is none of this id.
    """
    _require_made(key_id)
    return view(await services.bridge.keys.revoke(key_id, actor=grant.actor))


def view(record: KeyRecord) -> dict[str, Any]:
    """A key as clients see it."""
    return {
        "object": "chatgpt.key",
        "id": record.id,
        "name": record.name,
        "hint": record.hint,
        "state": _state(record),
        "bootstrap": False,
        "scopes": list(record.scopes),
        "models": list(record.models),
        "accounts": list(record.accounts),
        "per_minute": record.per_minute,
        "per_day": record.per_day,
        "created_at": seconds(record.created_at),
        "expires_at": seconds(record.expires_at),
        "revoked_at": seconds(record.revoked_at),
        "last_used_at": seconds(record.last_used_at),
    }


async def _warnings(services: Services, record: KeyRecord) -> list[str]:
    """What a key names that nobody has now: a slip, perhaps, or something that is still to come."""
    known = await services.bridge.registry.every()
    strangers = [alias for alias in record.accounts if all(account.alias != alias for account in known)]
    usable = [account for account in known if not record.accounts or account.alias in record.accounts]
    unoffered = [name for name in record.models if not is_listed(name, usable)]
    return [
        *(f"There is no account {alias!r} now." for alias in strangers),
        *(f"No account that the key may use offers the model {name!r} now." for name in unoffered),
    ]


def _state(record: KeyRecord) -> str:
    if record.revoked_at is not None:
        return "revoked"
    return "expired" if record.expires_at is not None and record.expires_at <= utc_now() else "active"


def _bootstrap(services: Services) -> dict[str, Any]:
    return {
        "object": "chatgpt.key",
        "id": PRIMARY.key_id,
        "name": PRIMARY.name,
        "hint": None,
        "state": "active",
        "bootstrap": True,
        "scopes": list(AccessScope),
        "models": [],
        "accounts": [],
        "per_minute": None,
        "per_day": None,
        "created_at": None,
        "expires_at": None,
        "revoked_at": None,
        "last_used_at": seconds(services.bridge.keys.use.last(PRIMARY.key_id)),
    }


def _require_made(key_id: str) -> None:
    if key_id == PRIMARY.key_id:
        raise InvalidRequestError(
            "The bootstrap key is not changed here: set CHATGPT_API_KEY, or remove its file and start again.",
            param="key_id",
        )
