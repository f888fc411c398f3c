"""`chatgpt-api api health`."""

from __future__ import annotations

import typer

from cli import output
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect


def health(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Whether the bridge answers, and with which accounts; exits with 1 when it says that it is not well."""
    with connect(base_url, api_key) as client:
        told = client.health()
        address = client.base_url
    if as_json:
        output.data(told.as_sent())
    else:
        output.fields(base_url=address, ok=told.ok, strategy=told.account_strategy, accounts=list(told.accounts))
    if not told.ok:
        raise typer.Exit(FAILED)
