"""`chatgpt-api operations rerun`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.api.operation import show
from cli.operations.options import Id
from cli.operations.watch import watched
from cli.options import ApiKey, BaseUrl, Json, connect


def rerun(
    operation_id: Id,
    *,
    follow: Annotated[bool, typer.Option("--watch/--no-watch", help="Follow the new operation to its end.")] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Do a finished operation's work once more, as a new operation; this spends quota again."""
    with connect(base_url, api_key) as client:
        made = client.rerun(operation_id)
        if follow:
            made = watched(client, made.id)
    if as_json:
        output.data(made.as_sent())
    else:
        show(made)
