"""Options that any request may bring: which accounts, which id. They stand in the body or in its `metadata`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, TypeVar

from pydantic import BeforeValidator

from api.validation import Names, OperationId, Request, validated
from bridge.accounts.account import Account
from bridge.keys.grant import Grant
from core.contracts.routing import Strategy, strategy_named
from core.errors import InvalidRequestError


def _strategy(value: object) -> object:
    return strategy_named(value) if isinstance(value, str) else value


class AccountOptions(Request):
    """Which accounts may serve, and the operation's id."""

    chatgpt_operation_id: OperationId = None
    chatgpt_account: str | None = None
    chatgpt_accounts: Names = ()
    chatgpt_account_strategy: Annotated[Strategy | None, BeforeValidator(_strategy)] = None


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
