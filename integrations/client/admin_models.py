"""What the older routes of accounts and captures answer."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from integrations.client.models import Answer


class AccountHealth(Answer):
    """How an account stands; `limited` says until when what it is not asked for, by scope."""

    state: str = ""
    cause: str = ""
    detail: str | None = None
    until: float | None = None
    what_to_do: str | None = None
    limited: dict[str, float] = Field(default_factory=dict)


class AccountEntry(Answer):
    """An account as the admin route shows it."""

    account: str
    configured: bool = True
    plan_type: str | None = None
    state: str = "enabled"
    health: AccountHealth | None = None
    error: str | None = None


class Accounts(Answer):
    """`GET /v1/chatgpt/admin/accounts`."""

    accounts: tuple[AccountEntry, ...] = ()


class Check(Answer):
    """One check of a capture. `level`: `required` or `recommended`."""

    name: str
    level: str = "required"
    ok: bool = False
    detail: str | None = None


class Inspection(Answer):
    """What a capture holds, without its secrets."""

    ok: bool = False
    account: str | None = None
    missing: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    detected: dict[str, Any] = Field(default_factory=dict)


class SavedCapture(Answer):
    """What came of saving a capture. `live_verify`: `ok`, `failed` or `skipped`."""

    saved: bool = False
    inspection: Inspection = Inspection()
    capture_path: str | None = None
    live_verify: str | None = None
    live_error: str | None = None


class DeletedAccount(Answer):
    """What deleting an account removed; `kept_at` are the files that it left."""

    account: str = ""
    deleted: dict[str, bool] | bool = False
    capture_kept: bool = False
    paths: dict[str, str] = Field(default_factory=dict)
    kept_at: dict[str, str | None] = Field(default_factory=dict)
    remaining_accounts: tuple[str, ...] = ()


class CheckedAccounts(Answer):
    """`POST /v1/chatgpt/admin/accounts/check`; an entry is as the API describes it."""

    accounts: tuple[dict[str, Any], ...] = ()
