"""`chatgpt-api api chat`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.api.routing import Account, Accounts, Strategy, pool
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, Timeout, connect

if TYPE_CHECKING:
    from integrations.client import BridgeClient
    from integrations.client.models import ChatAnswer


def chat(
    *,
    message: Annotated[str, typer.Option("--message", "-m", help="What to say.")],
    system: Annotated[str | None, typer.Option(help="System prompt.")] = None,
    model: Annotated[str, typer.Option(help="A model of GET /v1/models.")] = "auto",
    thinking_effort: Annotated[str | None, typer.Option(help="Thinking effort, where the model has several.")] = None,
    temperature: Annotated[float | None, typer.Option(help="Sent along; upstream has no such control.")] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Cut the answer after so many estimated tokens.")] = None,
    metadata_json: Annotated[str | None, typer.Option(metavar="JSON", help="The request's `metadata` object.")] = None,
    stream: Annotated[bool, typer.Option("--stream/--no-stream", help="Print the answer as it comes.")] = False,
    temporary_chat: Annotated[
        bool | None, typer.Option("--temporary-chat/--no-temporary-chat", help="Whether upstream forgets the chat.")
    ] = None,
    operation_id: Annotated[str | None, typer.Option(help="An id of your own for this chat.")] = None,
    save_to: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="Write the answer's text to this file as well.")
    ] = None,
    account: Account = None,
    accounts: Accounts = None,
    strategy: Strategy = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    timeout: Timeout = 120,
    as_json: Json = False,
) -> None:
    """Send one message and print the answer."""
    body: dict[str, Any] = {"model": model, "messages": _messages(system, message), **pool(account, accounts, strategy)}
    optional = {"thinking_effort": thinking_effort, "temperature": temperature, "max_tokens": max_tokens}
    body.update({name: value for name, value in optional.items() if value is not None})
    metadata = _metadata(metadata_json, temporary_chat, operation_id)
    if metadata:
        body["metadata"] = metadata
    with connect(base_url, api_key, silence_seconds=timeout) as client:
        text = _streamed(client, body) if stream and not as_json else _whole(client, body, as_json)
    if save_to is not None:
        save_to.write_text(text, encoding="utf-8")
    if not text:
        raise typer.Exit(FAILED)


def _messages(system: str | None, message: str) -> list[dict[str, str]]:
    before = [{"role": "system", "content": system}] if system else []
    return [*before, {"role": "user", "content": message}]


def _metadata(given: str | None, temporary_chat: bool | None, operation_id: str | None) -> dict[str, Any]:
    try:
        metadata = json.loads(given) if given else {}
    except ValueError as error:
        raise typer.BadParameter(f"--metadata-json is not JSON: {error}") from None
    if not isinstance(metadata, dict):
        raise typer.BadParameter("--metadata-json is not a JSON object")
    if temporary_chat is not None:
        metadata["chatgpt_temporary_chat"] = temporary_chat
    if operation_id:
        metadata["chatgpt_operation_id"] = operation_id
    return metadata


def _streamed(client: BridgeClient, body: dict[str, Any]) -> str:
    pieces = client.stream_chat(body)
    text = ""
    for piece in pieces:
        output.piece(piece)
        text += piece
    output.result("")
    if pieces.operation_id:
        output.note(f"operation_id={pieces.operation_id}")
    return text


def _whole(client: BridgeClient, body: dict[str, Any], as_json: bool) -> str:
    answer = client.chat(body)
    if as_json:
        output.data(answer.as_sent())
    else:
        _show(answer)
    return answer.text


def _show(answer: ChatAnswer) -> None:
    output.fields(
        id=answer.id,
        model=answer.model,
        account=answer.chatgpt_account,
        operation_id=answer.chatgpt_operation_id,
        conversation_id=answer.chatgpt_conversation_id,
        fallback_model=answer.chatgpt_fallback_model,
    )
    output.result(f"\n{answer.text}")
