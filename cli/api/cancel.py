"""`chatgpt-api api cancel`."""

from __future__ import annotations

from cli import output
from cli.api.operation import OperationId, show
from cli.options import ApiKey, BaseUrl, Json, connect


def cancel(operation_id: OperationId, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Ask an operation to stop, and print how it stands then."""
    with connect(base_url, api_key) as client:
        left = client.cancel(operation_id)
    if as_json:
        output.data(left.as_sent())
    else:
        show(left)
