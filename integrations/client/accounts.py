"""The bridge's accounts as typed calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from integrations.client.admin_models import Inspection
from integrations.client.models import Answer
from integrations.client.transport import Transport

_ACCOUNTS = "/chatgpt/accounts"


class AccountStanding(Answer):
    """How an account stands: `ok`, `cooling`, `quarantined` or `unusable`, why, and what to do."""

    state: str = ""
    cause: str = ""
    detail: str = ""
    since: float | None = None
    until: float | None = None
    what_to_do: str = ""
    limited: dict[str, float | None] = {}


class CaptureForecast(Answer):
    """When the capture ends, as far as it says so; `stage` as in `AccountWarning`, or `fine` or `unknown`."""

    stage: str = ""
    expires_at: float | None = None
    expires_by: str | None = None
    message: str = ""


class AccountAbilities(Answer):
    """What the account's plan offers."""

    supported_models: tuple[str, ...] = ()
    efforts: dict[str, tuple[str, ...]] = {}


class BlockedFeature(Answer):
    """What upstream does not let the account use now; `resets_after` in ISO 8601."""

    name: str = ""
    resets_after: str | None = None


class ModelCap(Answer):
    """A model that upstream caps now, and what it answers with instead; `resets_after` in ISO 8601."""

    model_slug: str = ""
    using_default_model_slug: str | None = None
    resets_after: str | None = None


class CaptureFacts(Answer):
    """How old the capture is, until when it is good, and whether the one before it is kept."""

    captured_at: float | None = None
    age_seconds: float | None = None
    token_expires_at: float | None = None
    previous: bool = False


class Account(Answer):
    """One account. `live_verify` and `capture_path` are in the answers to what stores a capture."""

    alias: str
    in_pool: bool = True
    state: str = ""
    state_reason: str = ""
    weight: int | None = None
    tags: tuple[str, ...] = ()
    note: str = ""
    plan: str | None = None
    email: str | None = None
    capabilities: AccountAbilities = AccountAbilities()
    capture: CaptureFacts = CaptureFacts()
    health: AccountStanding = AccountStanding()
    forecast: CaptureForecast = CaptureForecast()
    blocked_features: tuple[BlockedFeature, ...] = ()
    model_limits: tuple[ModelCap, ...] = ()
    in_flight: dict[str, dict[str, int]] = {}
    last_used_at: float | None = None
    last_success_at: float | None = None
    error: dict[str, Any] | None = None
    warnings: tuple[str, ...] = ()
    live_verify: str | None = None
    capture_path: str | None = None
    same_login_as: tuple[str, ...] = ()


class AccountList(Answer):
    """All accounts."""

    data: tuple[Account, ...] = ()


class AccountCheck(Answer):
    """What came of a live check; `ok` is `None` where nobody knows."""

    account: str = ""
    ok: bool | None = None
    status: str = ""
    asked: bool = False
    plan_type: str | None = None
    default_model_slug: str | None = None
    features: dict[str, dict[str, Any]] = {}
    blocked_features: tuple[BlockedFeature, ...] = ()
    model_limits: tuple[ModelCap, ...] = ()
    error: str | None = None
    warning: str | None = None
    what_to_do: str = ""


class AccountRemoved(Answer):
    """What deleting an account did."""

    alias: str = ""
    deleted: bool = False
    capture_kept: bool = False


class AccountEvent(Answer):
    """One thing that happened to an account."""

    number: int = 0
    account: str = ""
    at: float = 0
    type: str = ""
    data: dict[str, Any] = {}


class AccountEventPage(Answer):
    """Some events, newest first."""

    data: tuple[AccountEvent, ...] = ()
    has_more: bool = False
    next_cursor: str | None = None


class AccountCalls:
    """What `BridgeClient.account` can do; needs a key that administers."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def all(self) -> AccountList:
        """Every account, those of the pool first."""
        return AccountList.model_validate(self._transport.json("GET", _ACCOUNTS))

    def show(self, alias: str) -> Account:
        """One account."""
        return Account.model_validate(self._transport.json("GET", _path(alias)))

    def inspect(self, capture: str) -> Inspection:
        """What a capture holds; nothing is sent upstream and nothing written."""
        return Inspection.model_validate(self._transport.json("POST", f"{_ACCOUNTS}/inspect", {"capture": capture}))

    def add(self, alias: str, capture: str, *, verify: bool = True) -> Account:
        """Make an account of a capture; a name that is taken is refused."""
        body = {"alias": alias, "capture": capture, "verify": verify}
        return Account.model_validate(self._transport.json("POST", _ACCOUNTS, body))

    def update(self, alias: str, capture: str, *, verify: bool = True, other_login: bool = False) -> Account:
        """Give an account a newer capture; the one before is kept."""
        body = {"capture": capture, "verify": verify, "other_login": other_login}
        return Account.model_validate(self._transport.json("PUT", f"{_path(alias)}/capture", body))

    def restore(self, alias: str, *, verify: bool = True) -> Account:
        """Take the previous capture again."""
        return Account.model_validate(self._transport.json("POST", f"{_path(alias)}/restore", {"verify": verify}))

    def check(self, alias: str, *, again: bool = False) -> AccountCheck:
        """Ask upstream whether an account works; costs no chat. `again`: also one that upstream has closed."""
        beside = "?again=true" if again else ""
        return AccountCheck.model_validate(self._transport.json("POST", f"{_path(alias)}/check{beside}"))

    def change(self, alias: str, changes: Mapping[str, Any]) -> Account:
        """Change state, reason, weight, tags or note."""
        return Account.model_validate(self._transport.json("PATCH", _path(alias), changes))

    def delete(self, alias: str, *, keep_capture: bool = False) -> AccountRemoved:
        """Remove an account; with `keep_capture` its capture is put aside."""
        query = "?keep_capture=true" if keep_capture else ""
        return AccountRemoved.model_validate(self._transport.json("DELETE", f"{_path(alias)}{query}"))

    def events(self, alias: str | None = None, *, cursor: str | None = None, limit: int = 50) -> AccountEventPage:
        """What happened to one account, or to all, newest first."""
        query = urlencode({"limit": limit} | ({} if cursor is None else {"cursor": cursor}))
        place = f"{_ACCOUNTS}/events" if alias is None else f"{_path(alias)}/events"
        return AccountEventPage.model_validate(self._transport.json("GET", f"{place}?{query}"))


def _path(alias: str) -> str:
    return f"{_ACCOUNTS}/{quote(alias, safe='')}"
