"""`chatgpt-api usage`: what is left of each account's quota, or what was asked for."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect

_SHOWN = {"key": "key_name"}
"""What a person reads instead of an id."""


def usage(
    *,
    refresh: Annotated[bool, typer.Option("--refresh", help="Ask ChatGPT also where the figures are new.")] = False,
    counts: Annotated[
        bool, typer.Option("--counts", help="Requests, failures and estimated tokens instead of what is left.")
    ] = False,
    by: Annotated[
        str, typer.Option(metavar="LIST", help="What --counts tells apart: day, key, account, model, kind.")
    ] = "account,model,kind",
    since: Annotated[
        str | None, typer.Option(metavar="DAY", help="Since when --counts counts. Default: 30 days ago.")
    ] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """What is left of each account's quota, as a table."""
    if counts and refresh:
        raise typer.BadParameter("--refresh asks for what is left; --counts shows what was asked for")
    if counts:
        _counts(by, since, base_url, api_key, as_json=as_json)
        return
    from api.usage.table import table

    with connect(base_url, api_key) as client:
        told = client.usage.now(refresh=refresh)
    if as_json:
        output.data(told.as_sent())
        return
    output.result(table(told.accounts).rstrip("\n"))


def _counts(by: str, since: str | None, base_url: str | None, api_key: str | None, *, as_json: bool) -> None:
    with connect(base_url, api_key) as client:
        told = client.usage.counts(by=by, since=since)
    if as_json:
        output.data(told.as_sent())
        return
    output.note(f"since {told.since}" if told.data else f"Nothing was asked for since {told.since}.")
    for entry in told.data:
        names = " ".join(str(entry.get(_SHOWN.get(name, name)) or entry.get(name) or "-") for name in told.by)
        tokens = f"{entry['prompt_tokens']}+{entry['completion_tokens']}"
        output.result(f"{names}: requests={entry['requests']} failures={entry['failures']} tokens={tokens}")
