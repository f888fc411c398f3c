"""The group `account cooldown`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import output, values
from cli.groups import group
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment, span

if TYPE_CHECKING:
    from integrations.client.routing import Cooldown

app = group("What accounts are not asked for at present.", calls=True)


@app.command("list")
def list_cooldowns(
    account: Annotated[
        str | None, typer.Argument(metavar="ALIAS", help="Only those of this account.", autocompletion=values.aliases)
    ] = None,
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
        output.result(f"{one.account} {one.scope}: {one.reason}, {_end(one)}, {_learnt(one)}: {one.evidence}")
    if not told.data:
        output.note("No cooldowns.")


@app.command()
def clear(
    account: Annotated[
        str, typer.Argument(metavar="ALIAS", help="The account to be asked again.", autocompletion=values.aliases)
    ],
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


def _end(one: Cooldown) -> str:
    if one.state == "trying":
        return "over, and a request is trying the account now"
    if one.state == "over":
        return "over, and the next request tries the account"
    return f"until {moment(one.until)} (another {span(one.seconds_left)}, {span(one.longest_seconds)} at most)"


def _learnt(one: Cooldown) -> str:
    """Where the end comes from, and after how many refusals."""
    source = "as ChatGPT said" if one.source == "told" else "guessed"
    return source if one.strikes == 1 else f"{source}, after {one.strikes} refusals in a row"
