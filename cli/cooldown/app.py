"""The group `account cooldown`."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from cli import output
from cli.groups import group
from cli.options import ApiKey, BaseUrl, Json, connect

app = group("What accounts are not asked for at present.", calls=True)


@app.command("list")
def list_cooldowns(
    account: Annotated[str | None, typer.Argument(metavar="ALIAS", help="Only those of this account.")] = None,
    *,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Cooldowns, what they were learnt from, and when they end."""
    with connect(base_url, api_key) as client:
        told = client.routing.cooldowns(account)
    if as_json:
        output.data(told.as_sent())
        return
    for one in told.data:
        end = "over, tried again" if one.state == "tried_again" else f"until {_time(one.until)} ({one.seconds_left} s)"
        output.result(f"{one.account} {one.scope}: {one.reason}, {end}, {one.source}: {one.evidence}")
    if not told.data:
        output.note("No cooldowns.")


@app.command()
def clear(
    account: Annotated[str, typer.Argument(metavar="ALIAS", help="The account to be asked again.")],
    *,
    scope: Annotated[
        str | None, typer.Option(help="Only this one: account, model:SLUG or bucket:NAME, as `list` says.")
    ] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """End an account's cooldowns by hand, and what refusals said of its quota: the next request tries it."""
    with connect(base_url, api_key) as client:
        told = client.routing.clear_cooldowns(account, scope)
    if as_json:
        output.data(told.as_sent())
        return
    output.fields(
        account=account, ended=[one.scope for one in told.data], quota_unknown=list(told.quota_unknown) or None
    )


def _time(value: float | None) -> str:
    return "-" if value is None else f"{datetime.fromtimestamp(value):%Y-%m-%d %H:%M:%S}"
