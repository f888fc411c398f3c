"""`chatgpt-api operations delete`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.options import ApiKey, BaseUrl, connect


def delete(
    operation_ids: Annotated[list[str], typer.Argument(metavar="ID...", help="Finished operations.")],
    *,
    files: Annotated[bool, typer.Option("--files/--keep-files", help="Remove what they made, too.")] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
) -> None:
    """Forget finished operations."""
    with connect(base_url, api_key) as client:
        for operation_id in operation_ids:
            client.delete_operation(operation_id, files=files)
            output.result(f"deleted={operation_id}")
