"""`chatgpt-api keys list`."""

from __future__ import annotations

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment


def list_keys(base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Every API key, revoked ones too, one a line."""
    with connect(base_url, api_key) as client:
        keys = client.keys.all()
    if as_json:
        output.data(keys.as_sent())
        return
    for key in keys.data:
        used = f"last used {moment(key.last_used_at) or 'never'}"
        output.result(
            f"{key.id:<20}  {key.state:<8}  {key.hint or '-':<12}  {','.join(key.scopes)}  {used}  {key.name}"
        )
