"""`chatgpt-api keys list`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment

if TYPE_CHECKING:
    from integrations.client.keys import Key

_HEADING = ("ID", "STATE", "HINT", "SCOPES", "LIMITS", "EXPIRES", "LAST USED", "NAME")


def list_keys(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Every API key, revoked ones too, one a line."""
    with connect(base_url, api_key) as client:
        keys = client.keys.all()
    if as_json:
        output.data(keys.as_sent())
    else:
        output.table(_HEADING, [_row(key) for key in keys.data])


def _row(key: Key) -> tuple[str, ...]:
    return (
        key.id,
        key.state,
        key.hint or "-",
        ",".join(key.scopes),
        _limits(key),
        moment(key.expires_at) or "never",
        moment(key.last_used_at) or "never",
        key.name,
    )


def _limits(key: Key) -> str:
    """`20/min 500/day models=auto accounts=plus,pro`; `-` for none."""
    rates = [f"{number}/{span}" for number, span in ((key.per_minute, "min"), (key.per_day, "day")) if number]
    lists = [f"models={','.join(key.models)}"] if key.models else []
    lists += [f"accounts={','.join(key.accounts)}"] if key.accounts else []
    return " ".join([*rates, *lists]) or "-"
