"""`chatgpt-api account pause`, `resume`, `drain`, `set` and `delete`."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli import output
from cli.account.looking import print_account
from cli.account.options import Alias
from cli.options import ApiKey, BaseUrl, Json, connect

Reason = Annotated[str | None, typer.Option("--reason", metavar="TEXT", help="Why, for people.")]


def pause(
    alias: Alias,
    *,
    reason: Reason = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Give an account no work, and ask ChatGPT nothing with it; what runs on it goes on."""
    _change(alias, _state("paused", reason), base_url, api_key, as_json)


def resume(alias: Alias, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Give an account work again; those who wait are served at once."""
    _change(alias, _state("enabled", None), base_url, api_key, as_json)


def drain(
    alias: Alias,
    *,
    reason: Reason = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Have an account finish what it has begun, and begin nothing new on it."""
    _change(alias, _state("draining", reason), base_url, api_key, as_json)


def set_fields(
    alias: Alias,
    *,
    weight: Annotated[
        str | None, typer.Option(metavar="N", help="1 to 100, its share under `weighted`; - is the plan's.")
    ] = None,
    tags: Annotated[str | None, typer.Option(metavar="LIST", help="Such as `work,spare`; empty for none.")] = None,
    note: Annotated[str | None, typer.Option(metavar="TEXT", help="For people; empty for none.")] = None,
    reason: Reason = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Change an account's weight, tags, note, or the reason of its state; what is not named stays."""
    given = {"tags": tags, "note": note, "reason": reason}
    changes: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
    if weight is not None:
        changes["weight"] = _weight(weight)
    if not changes:
        raise typer.BadParameter("name at least one of --weight, --tags, --note and --reason")
    _change(alias, changes, base_url, api_key, as_json)


def delete(
    alias: Alias,
    *,
    keep_capture: Annotated[
        bool, typer.Option("--keep-capture", help="Put the capture aside; `account restore` brings the account back.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Remove an account with its captures and what is remembered of it."""
    confirm(alias, yes=yes)
    with connect(base_url, api_key) as client:
        removed = client.account.delete(alias, keep_capture=keep_capture)
    if as_json:
        output.data(removed.as_sent())
    else:
        output.fields(account=removed.alias, deleted=removed.deleted, capture_kept=removed.capture_kept)


def confirm(alias: str, *, yes: bool) -> None:
    """Ask whether the account is to go.

    Raises:
        typer.BadParameter: there is nobody to ask.
        typer.Abort: the answer is no.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise typer.BadParameter("there is nobody to ask: add --yes")
    typer.confirm(f"Delete the account {alias!r} and its captures?", abort=True, err=True)


def _state(state: str, reason: str | None) -> dict[str, Any]:
    return {"state": state, **({} if reason is None else {"reason": reason})}


def _weight(text: str) -> int | None:
    if text.strip() == "-":
        return None
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter("must be a number, or - for the plan's", param_hint="--weight") from None


def _change(alias: str, changes: Mapping[str, Any], base_url: str | None, api_key: str | None, as_json: bool) -> None:
    with connect(base_url, api_key) as client:
        account = client.account.change(alias, changes)
    if as_json:
        output.data(account.as_sent())
    else:
        print_account(account)
