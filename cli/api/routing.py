"""The options that say which account answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import values

Account = Annotated[
    str | None,
    typer.Option("--account", metavar="ALIAS", help="This account and no other.", autocompletion=values.aliases),
]
Accounts = Annotated[
    str | None,
    typer.Option(
        "--accounts",
        metavar="ALIASES",
        help="These accounts, comma-separated, in this order.",
        autocompletion=values.several_aliases,
    ),
]
Strategy = Annotated[
    str | None,
    typer.Option(
        "--account-strategy",
        metavar="NAME",
        help="Who serves, of those who can: auto, sticky, failover, random, round-robin, weighted, quota-aware or "
        "least-busy. Default: the server's.",
        autocompletion=values.strategies,
    ),
]


def pool(account: str | None, accounts: str | None, strategy: str | None = None) -> dict[str, Any]:
    """The fields of a request that choose its accounts.

    Raises:
        typer.BadParameter: both are given.
    """
    if account and accounts:
        raise typer.BadParameter("choose one of --account and --accounts")
    fields: dict[str, Any] = {} if strategy is None else {"chatgpt_account_strategy": strategy}
    if account:
        fields["chatgpt_account"] = account
    if accounts:
        fields["chatgpt_accounts"] = [alias.strip() for alias in accounts.split(",") if alias.strip()]
    return fields
