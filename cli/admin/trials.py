"""`chatgpt-api admin test-chat` and `test-image`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output
from cli.api.image import finish
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, Timeout, connect

Model = Annotated[str, typer.Option(help="A model of GET /v1/models.")]


def try_chat(
    *,
    message: Annotated[
        str | None, typer.Option("--message", "-m", help="What to say. Default: ask for a greeting.")
    ] = None,
    model: Model = "auto",
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    timeout: Timeout = 120,
    as_json: Json = False,
) -> None:
    """Have the running bridge answer a chat, and say how long that took; exits with 1 when nothing came back."""
    body: dict[str, Any] = {"model": model, **({} if message is None else {"message": message})}
    with connect(base_url, api_key, silence_seconds=timeout) as client:
        told = client.admin.try_chat(body)
    if as_json:
        output.data(told.as_sent())
    else:
        output.fields(ok=told.ok, latency_ms=told.latency_ms, account=told.response.chatgpt_account)
        output.result(told.content)
    if not told.content.strip():
        raise typer.Exit(FAILED)


def try_image(
    *,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="What to draw; this spends quota.")],
    model: Model = "auto",
    output_dir: Annotated[Path | None, typer.Option(help="Save the picture here, under the server's name.")] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    timeout: Timeout = 120,
    as_json: Json = False,
) -> None:
    """Have the running bridge draw a picture, and say how long that took; exits with 1 when there is none."""
    with connect(base_url, api_key, silence_seconds=timeout) as client:
        told = client.admin.try_image({"prompt": prompt, "model": model})
        output.fields(**({} if as_json else {"ok": told.ok, "latency_ms": told.latency_ms}))
        finish(client, told.response, output_dir, None, as_json=as_json)
