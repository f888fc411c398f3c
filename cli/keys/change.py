"""`chatgpt-api keys change`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import output, values
from cli.keys.options import Id, expiry
from cli.keys.options import show as print_key
from cli.options import ApiKey, BaseUrl, Json, connect

_ALL = "all"
_NEVER = "never"


def change(
    key_id: Id,
    *,
    name: Annotated[str | None, typer.Option(help="What the key is called, for people.")] = None,
    scopes: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="Of chat, images, research, read, admin.", autocompletion=values.scopes),
    ] = None,
    models: Annotated[str | None, typer.Option(metavar="LIST", help="The only models it may name, or `all`.")] = None,
    accounts: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="The only accounts that serve it, or `all`.", autocompletion=values.several_aliases
        ),
    ] = None,
    per_minute: Annotated[int | None, typer.Option(min=0, help="Most requests in a minute; 0 for any number.")] = None,
    per_day: Annotated[int | None, typer.Option(min=0, help="Most requests in a day of UTC; 0 for any number.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="WHEN", help="Such as 90d or 2027-01-31, or `never`.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Change what is named, and nothing else. It counts from the key's next request on."""
    changes: dict[str, Any] = {"name": name, "scopes": scopes}
    changes |= {"models": _list(models), "accounts": _list(accounts)}
    changes = {field: value for field, value in changes.items() if value is not None}
    changes |= {
        field: number or None
        for field, number in (("per_minute", per_minute), ("per_day", per_day))
        if number is not None
    }
    if expires is not None:
        changes["expires_at"] = None if expires == _NEVER else expiry(expires)
    if not changes:
        raise typer.BadParameter("name something to change, such as --per-day 100")
    with connect(base_url, api_key) as client:
        key = client.keys.change(key_id, changes)
    if as_json:
        output.data(key.as_sent())
        return
    print_key(key)
    for warning in key.warnings:
        output.note(warning)


def _list(value: str | None) -> str | list[str] | None:
    return [] if value == _ALL else value
