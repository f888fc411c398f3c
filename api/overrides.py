"""Options that any request may bring: which accounts, which id. They stand in the body or in its `metadata`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from pydantic import field_validator

from api.validation import Names, OperationId, Request, validated
from bridge.accounts.account import Account
from bridge.keys.grant import Grant
from core.errors import InvalidRequestError

_STRATEGIES = frozenset(
    {"auto", "sticky", "failover", "random", "round-robin", "weighted", "quota-aware"}
    | {"default", "limit-aware", "shuffle", "rotate", "roundrobin"}
)


class AccountOptions(Request):
    """Which accounts may serve, and the operation's id."""

    chatgpt_operation_id: OperationId = None
    chatgpt_account: str | None = None
    chatgpt_accounts: Names = ()
    chatgpt_account_strategy: str | None = None

    @field_validator("chatgpt_account_strategy")
    @classmethod
    def _is_known(cls, value: str | None) -> str | None:
        if value is not None and value.lower().replace("_", "-") not in _STRATEGIES:
            raise ValueError("must be one of auto, sticky, failover, random, round-robin, weighted, quota-aware")
        return value


OptionsT = TypeVar("OptionsT", bound=AccountOptions)


def merged(options: type[OptionsT], body: OptionsT, metadata: dict[str, Any] | None) -> dict[str, Any]:
    """The options by name: those of the body, and those of `metadata` where the body has none.

    Raises:
        InvalidRequestError: an option in `metadata` is wrong.
    """
    found = {name: getattr(body, name) for name in options.model_fields}
    if metadata:
        beside = validated(options, metadata, within="metadata")
        for name in options.model_fields:
            if found[name] is None or found[name] == ():
                found[name] = getattr(beside, name)
    return found


def names_accounts(options: dict[str, Any]) -> bool:
    """Whether the caller chooses accounts at all."""
    return bool(options["chatgpt_account"] or options["chatgpt_accounts"])


def chosen_accounts(options: dict[str, Any], pool: Sequence[Account], grant: Grant) -> tuple[str, ...]:
    """The only accounts to use, in the caller's order; empty when the caller and its key leave it to the bridge.

    Raises:
        InvalidRequestError: both ways of choosing are used, or an account is not in the pool.
        AccountNotAllowedError: the key may not use one that is chosen.
    """
    one, several = (options["chatgpt_account"] or "").strip(), options["chatgpt_accounts"]
    if one and several:
        raise InvalidRequestError(
            "Give one of `chatgpt_account` and `chatgpt_accounts`, not both.", param="chatgpt_accounts"
        )
    wanted: tuple[str, ...] = (one,) if one else several
    param = "chatgpt_account" if one else "chatgpt_accounts"
    allowed = grant.accounts_among(wanted, param=param)
    known = {account.alias for account in pool}
    for alias in wanted:
        if alias not in known:
            raise InvalidRequestError(f"`{param}`: there is no account {alias!r} in the pool.", param=param)
    return allowed
