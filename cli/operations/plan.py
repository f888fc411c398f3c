"""`chatgpt-api operations approve`, `reject` and `edit-plan`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.api.operation import show
from cli.operations.options import Id
from cli.options import ApiKey, BaseUrl, Json, connect


def approve(operation_id: Id, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Have a research begin with the plan it shows."""
    _decide(operation_id, "approve", None, base_url, api_key, as_json)


def reject(operation_id: Id, *, base_url: BaseUrl = None, api_key: ApiKey = None, as_json: Json = False) -> None:
    """Give a research up because of the plan it shows."""
    _decide(operation_id, "reject", None, base_url, api_key, as_json)


def edit_plan(
    operation_id: Id,
    text: Annotated[str, typer.Argument(metavar="WORDS", help="What to change in the plan.")],
    *,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Say what a research shall change in its plan; a new version of the plan follows."""
    _decide(operation_id, "edit", text, base_url, api_key, as_json)


def _decide(
    operation_id: str, decision: str, text: str | None, base_url: str | None, api_key: str | None, as_json: bool
) -> None:
    with connect(base_url, api_key) as client:
        left = client.decide_plan(operation_id, decision, text)
    if as_json:
        output.data(left.as_sent())
    else:
        show(left)
