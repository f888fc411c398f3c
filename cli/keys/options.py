"""What several of these commands have, and how they show a key."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cli import output, values
from cli.times import moment

if TYPE_CHECKING:
    from integrations.client.keys import Key

_SPAN = re.compile(r"(\d{1,6})\s*([mhdw])")
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}

Id = Annotated[str, typer.Argument(metavar="ID", help="The key's id, from `keys list`.", autocompletion=values.key_ids)]


def expiry(text: str) -> str:
    """A span from now (`90d`, `12h`) or a time in ISO 8601, as the API takes it.

    Raises:
        typer.BadParameter: it is neither.
    """
    span = _SPAN.fullmatch(text.strip().lower())
    if span is not None:
        return (datetime.now(UTC) + timedelta(**{_UNITS[span[2]]: int(span[1])})).isoformat()
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        raise typer.BadParameter("must be a span such as 90d or 12h, or a time in ISO 8601") from None


def show(key: Key) -> None:
    """Print a key's terms as lines."""
    output.fields(
        id=key.id,
        name=key.name,
        hint=key.hint,
        state=key.state,
        scopes=list(key.scopes),
        models=list(key.models) or "all",
        accounts=list(key.accounts) or "all",
        per_minute=key.per_minute or "unlimited",
        per_day=key.per_day or "unlimited",
        created=moment(key.created_at),
        expires=moment(key.expires_at) or "never",
        revoked=moment(key.revoked_at),
        last_used=moment(key.last_used_at) or "never",
    )
