"""`chatgpt-api api vision`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from cli import output
from cli.api.inputs import InputImages, pictures
from cli.api.routing import Account, Accounts, Strategy, pool
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, Timeout, connect


def vision(
    *,
    input_image: InputImages,
    mode: Annotated[str, typer.Option(help="custom, ocr or describe.")] = "custom",
    prompt: Annotated[str | None, typer.Option("--prompt", "-p", help="What to find out.")] = None,
    model: Annotated[str, typer.Option(help="A model of GET /v1/models.")] = "auto",
    thinking_effort: Annotated[str | None, typer.Option(help="Thinking effort, where the model has several.")] = None,
    temporary_chat: Annotated[
        bool,
        typer.Option(
            "--temporary-chat/--no-temporary-chat",
            help="Whether upstream forgets the chat; what it forgets cannot be found again after a crash.",
        ),
    ] = False,
    save_to: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the text to this file as well.")
    ] = None,
    account: Account = None,
    accounts: Accounts = None,
    strategy: Strategy = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    timeout: Timeout = 120,
    as_json: Json = False,
) -> None:
    """Have pictures read or described, and print what is said."""
    body: dict[str, Any] = {
        "mode": mode,
        "model": model,
        "images": pictures(input_image),
        **pool(account, accounts, strategy),
    }
    optional = {"prompt": prompt, "thinking_effort": thinking_effort}
    body.update({name: value for name, value in optional.items() if value is not None})
    if temporary_chat:
        body["chatgpt_temporary_chat"] = True
    with connect(base_url, api_key, silence_seconds=timeout) as client:
        answer = client.vision(body)
    if as_json:
        output.data(answer.as_sent())
    else:
        output.fields(
            model=answer.model,
            account=answer.chatgpt_account,
            operation_id=answer.chatgpt_operation_id,
            mode=answer.mode,
            input_images=answer.input_image_count,
        )
        output.result(f"\n{answer.text}")
    if save_to is not None:
        save_to.write_text(answer.text, encoding="utf-8")
    if not answer.text:
        raise typer.Exit(FAILED)
