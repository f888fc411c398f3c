"""`chatgpt-api operations list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import output, values
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment

if TYPE_CHECKING:
    from integrations.client.models import Operation


def list_operations(
    *,
    kind: Annotated[
        str | None, typer.Option(help="image, edit, vision, research or response.", autocompletion=values.kinds)
    ] = None,
    state: Annotated[str | None, typer.Option(help="Such as running, completed or failed.")] = None,
    account: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="Those of one account.", autocompletion=values.aliases)
    ] = None,
    since: Annotated[str | None, typer.Option(metavar="TIME", help="Unix seconds or ISO 8601.")] = None,
    text: Annotated[str | None, typer.Option(metavar="WORDS", help="Those whose prompt holds these words.")] = None,
    cursor: Annotated[str | None, typer.Option(help="Go on behind an earlier page.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 20,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Operations, newest first."""
    with connect(base_url, api_key) as client:
        page = client.operations(
            kind=kind, state=state, account=account, since=since, q=text, cursor=cursor, limit=limit
        )
    if as_json:
        output.data(page.as_sent())
        return
    if not page.data:
        output.note("There are none.")
    for found in page.data:
        output.result(_line(found))
    if page.next_cursor is not None:
        output.note(f"There are more: --cursor {page.next_cursor}")


def _line(found: Operation) -> str:
    return (
        f"{moment(found.created_at or 0)}  {found.kind:<8}  {found.state:<19}  {found.account or '-':<12}  {found.id}"
    )
