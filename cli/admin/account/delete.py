"""`chatgpt-api admin account delete`, whose older name is `admin delete-account`."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from cli import output, values
from cli.account.changing import confirm
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect


def delete(
    account: Annotated[
        str, typer.Option("--account", metavar="ALIAS", help="Name of the account.", autocompletion=values.aliases)
    ],
    *,
    keep_capture: Annotated[
        bool, typer.Option("--keep-capture", help="Put the capture aside; `account restore` brings the account back.")
    ] = False,
    keep_settings: Annotated[
        bool, typer.Option("--keep-settings", help="Leave the web settings of an older bridge where they are.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask; nor is anybody asked in a script.")] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Remove an account and its captures; 1 when there was none of that name."""
    confirm(account, yes=yes or as_json or not sys.stdin.isatty())
    with connect(base_url, api_key) as client:
        deleted = client.delete_account(account, delete_capture=not keep_capture, delete_settings=not keep_settings)
    flags = deleted.deleted if isinstance(deleted.deleted, dict) else {"account": deleted.deleted}
    there = deleted.capture_kept or any(flags.values())
    if as_json:
        output.data(deleted.as_sent())
    else:
        output.fields(account=account, deleted=there)
        if deleted.capture_kept:
            output.fields(capture_kept=True)
        kept = [path for path in deleted.kept_at.values() if path is not None]
        output.fields(paths=kept or None)
    if not there:
        output.note(f"There is no account {account!r}.")
        raise typer.Exit(FAILED)
