"""`chatgpt-api operations show`."""

from __future__ import annotations

from cli.api.operation import operation
from cli.operations.options import Id
from cli.options import ApiKey, BaseUrl, Json


def show(operation_id: Id, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """How an operation stands, with its plan, its files and its text."""
    operation(operation_id, base_url, api_key, as_json)
