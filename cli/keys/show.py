"""`chatgpt-api keys show`."""

from __future__ import annotations

from cli import output
from cli.keys.options import Id
from cli.keys.options import show as print_key
from cli.options import ApiKey, BaseUrl, Json, connect


def show(key_id: Id, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """One API key: what it may do, until when, and when it was used last."""
    with connect(base_url, api_key) as client:
        key = client.keys.show(key_id)
    if as_json:
        output.data(key.as_sent())
    else:
        print_key(key)
