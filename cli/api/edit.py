"""`chatgpt-api api edit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output
from cli.api.image import finish
from cli.api.inputs import InputImages, pictures
from cli.api.routing import Account, Accounts, Strategy, pool
from cli.options import ApiKey, BaseUrl, Json, Timeout, connect


def edit(
    *,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to change.")],
    input_image: InputImages,
    aspect_ratio: Annotated[str, typer.Option(help="auto, 1:1, 3:4, 9:16, 4:3 or 16:9.")] = "auto",
    model: Annotated[str, typer.Option(help="A model of GET /v1/models.")] = "auto",
    size: Annotated[str | None, typer.Option(help="Such as 1024x1024, where no ratio is given.")] = None,
    response_format: Annotated[str, typer.Option(help="url or b64_json.")] = "url",
    output_dir: Annotated[Path | None, typer.Option(help="Save the picture here, under the server's name.")] = None,
    output_path: Annotated[Path | None, typer.Option(help="Save the picture as this file.")] = None,
    operation_id: Annotated[str | None, typer.Option(help="An id of your own for this operation.")] = None,
    account: Account = None,
    accounts: Accounts = None,
    strategy: Strategy = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    timeout: Timeout = 120,
    as_json: Json = False,
) -> None:
    """Change pictures, wait for the result, and print where it is."""
    body: dict[str, Any] = {
        "prompt": prompt,
        "model": model,
        "images": pictures(input_image),
        "response_format": response_format,
        **pool(account, accounts, strategy),
    }
    if size is None or aspect_ratio != "auto":
        body["aspect_ratio"] = aspect_ratio
    optional = {"size": size, "chatgpt_operation_id": operation_id}
    body.update({name: value for name, value in optional.items() if value is not None})
    with connect(base_url, api_key, silence_seconds=timeout) as client:
        answer = client.edit(body)
        finish(client, answer, output_dir, output_path, as_json=as_json)
    for warning in answer.warnings:
        output.note(f"warning: {warning}")
