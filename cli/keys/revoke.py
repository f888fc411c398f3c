"""`chatgpt-api keys revoke`."""

from __future__ import annotations

from cli import output
from cli.keys.options import Id
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment


def revoke(key_id: Id, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Take an API key back, at once and for good. What it made stays, for keys that administer."""
    with connect(base_url, api_key) as client:
        key = client.keys.revoke(key_id)
    if as_json:
        output.data(key.as_sent())
    else:
        output.fields(id=key.id, name=key.name, state=key.state, revoked=moment(key.revoked_at))
