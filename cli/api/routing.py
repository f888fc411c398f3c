"""The options that say which account answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

Account = Annotated[str | None, typer.Option("--account", metavar="ALIAS", help="This account and no other.")]
Accounts = Annotated[
    str | None, typer.Option("--accounts", metavar="ALIASES", help="These accounts, comma-separated, in this order.")
]


def pool(account: str | None, accounts: str | None) -> dict[str, Any]:
    """The fields of a request that choose its accounts.

    Raises:
        typer.BadParameter: both are given.
    """
    if account and accounts:
        raise typer.BadParameter("choose one of --account and --accounts")
    if account:
        return {"chatgpt_account": account}
    if accounts:
        return {"chatgpt_accounts": [alias.strip() for alias in accounts.split(",") if alias.strip()]}
    return {}
