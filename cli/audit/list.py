"""`chatgpt-api audit list`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment

if TYPE_CHECKING:
    from integrations.client.audit import AuditEntry


_HEADING = ("TIME", "WHO", "WHAT", "OF WHAT", "BEFORE -> AFTER")


def list_changes(
    *,
    action: Annotated[str | None, typer.Option(help="Such as key.revoked; `key.` is all that begin so.")] = None,
    subject: Annotated[str | None, typer.Option(help="What was changed: an account, a key's id, ...")] = None,
    actor: Annotated[str | None, typer.Option(help="Who did it, such as key:primary or cli.")] = None,
    since: Annotated[str | None, typer.Option(metavar="WHEN", help="A day or a time in ISO 8601.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="At most so many.")] = 50,
    cursor: Annotated[str | None, typer.Option(help="Go on behind a page; it ends with what to name here.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Changes, newest first: when, who, what, and what was there before and after."""
    with connect(base_url, api_key) as client:
        page = client.audit.page(action=action, subject=subject, actor=actor, since=since, limit=limit, cursor=cursor)
    if as_json:
        output.data(page.as_sent())
        return
    if not page.data:
        output.note("Nothing of that kind was changed.")
        return
    output.table(_HEADING, [_row(one) for one in page.data])
    if page.has_more:
        output.note(f"There is more: --cursor {page.next_cursor}")


def _row(one: AuditEntry) -> tuple[str, ...]:
    return moment(one.at) or "-", one.actor, one.action, one.subject, _changes(one)


def _changes(entry: AuditEntry) -> str:
    before, after = entry.before or {}, entry.after or {}
    return "; ".join(
        f"{name}: {_word(before.get(name))} -> {_word(after.get(name))}" for name in dict.fromkeys((*before, *after))
    )


def _word(value: object) -> str:
    return "-" if value is None or value == "" else output.word(value)
