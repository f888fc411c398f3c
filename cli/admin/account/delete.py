"""`chatgpt-api admin account delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect


def delete(
    account: Annotated[str, typer.Option("--account", metavar="ALIAS", help="Name of the account.")],
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Remove an account and its capture; 1 when there was none of that name."""
    with connect(base_url, api_key) as client:
        deleted = client.delete_account(account)
    there = any(deleted.deleted.values()) if isinstance(deleted.deleted, dict) else deleted.deleted
    if as_json:
        output.data(deleted.as_sent())
    else:
        output.fields(account=account, deleted=there)
    if not there:
        output.note(f"There is no account {account!r}.")
        raise typer.Exit(FAILED)
