"""`chatgpt-api keys create`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli import output, values
from cli.keys.options import expiry, show
from cli.options import ApiKey, BaseUrl, Json, connect


def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is called, for people.")],
    *,
    scopes: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Of chat, images, research, read, admin. Default: all but admin.",
            autocompletion=values.scopes,
        ),
    ] = None,
    models: Annotated[str | None, typer.Option(metavar="LIST", help="The only models it may name.")] = None,
    accounts: Annotated[
        str | None,
        typer.Option(metavar="LIST", help="The only accounts that serve it.", autocompletion=values.several_aliases),
    ] = None,
    per_minute: Annotated[int | None, typer.Option(min=1, help="Most requests in a minute.")] = None,
    per_day: Annotated[int | None, typer.Option(min=1, help="Most requests in a day of UTC.")] = None,
    expires: Annotated[str | None, typer.Option(metavar="WHEN", help="Such as 90d, 12h or 2027-01-31.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Make an API key. It is shown now and never again: the bridge keeps only its hash."""
    terms: dict[str, Any] = {
        "name": name,
        "scopes": scopes,
        "models": models,
        "accounts": accounts,
        "per_minute": per_minute,
        "per_day": per_day,
        "expires_at": None if expires is None else expiry(expires),
    }
    with connect(base_url, api_key) as client:
        made = client.keys.create({field: value for field, value in terms.items() if value is not None})
    if as_json:
        output.data(made.as_sent())
        return
    output.fields(key=made.key)
    show(made)
    for warning in made.warnings:
        output.note(warning)
    output.note("Keep the key now; it cannot be shown again.")
