"""`chatgpt-api operations watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.api.operation import show
from cli.exit import FAILED
from cli.following import Watch, follow
from cli.operations.options import Id
from cli.options import ApiKey, BaseUrl, Json, connect

if TYPE_CHECKING:
    from integrations.client import BridgeClient
    from integrations.client.models import Operation


def watch(
    operation_id: Id,
    *,
    after: Annotated[int, typer.Option(min=0, help="Leave out the events up to this number.")] = 0,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Follow an operation until it ends, and print how it ended.

    Goes on by itself when the server was restarted meanwhile. Stopping this command leaves the operation alone.
    """
    with connect(base_url, api_key) as client:
        ended = watched(client, operation_id, after=after)
    if as_json:
        output.data(ended.as_sent())
    else:
        show(ended)
    if ended.state != "completed":
        raise typer.Exit(FAILED)


def watched(client: BridgeClient, operation_id: str, *, after: int = 0) -> Operation:
    """Show an operation's events as they come; returns it once it has ended."""
    client.operation(operation_id)
    with Watch() as shown:
        for event in follow(client, operation_id, after=after):
            shown.show(event)
    return client.operation(operation_id)
