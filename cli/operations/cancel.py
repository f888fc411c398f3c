"""`chatgpt-api operations cancel`."""

from __future__ import annotations

from cli.api.cancel import cancel as ask
from cli.operations.options import Id
from cli.options import ApiKey, BaseUrl, Json


def cancel(operation_id: Id, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Ask an operation to stop, and print how it stands then."""
    ask(operation_id, base_url, api_key, as_json)
