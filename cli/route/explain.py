"""`chatgpt-api route explain`: where a request would go now, and why not elsewhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output, values
from cli.api.routing import Account, Accounts, Strategy, pool
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect
from cli.times import moment

if TYPE_CHECKING:
    from integrations.client.routing import RouteExplanation, RouteVerdict

_PICTURED = ("edit", "vision")


def explain(
    *,
    kind: Annotated[
        str,
        typer.Option(
            help="What it would be: chat, image, edit, vision, research or response.", autocompletion=values.kinds
        ),
    ] = "chat",
    model: Annotated[str, typer.Option(help="A model of GET /v1/models.")] = "auto",
    message: Annotated[
        str, typer.Option("--message", "-m", help="What is asked; it decides which conversation this is.")
    ] = "Hello",
    pictures: Annotated[int, typer.Option(min=1, max=10, help="How many pictures an edit or vision brings.")] = 1,
    request: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The whole body as JSON, instead of model and message.")
    ] = None,
    account: Account = None,
    accounts: Accounts = None,
    strategy: Strategy = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Where a request would go now and why not elsewhere. Nothing is sent to ChatGPT; exits with 1 if it is refused."""
    body = _body(kind, model, message, pictures) if request is None else _read(request)
    with connect(base_url, api_key) as client:
        told = client.routing.explain(kind, {**body, **pool(account, accounts, strategy)})
    if as_json:
        output.data(told.as_sent())
    else:
        _show(told)
    if told.outcome == "refused":
        raise typer.Exit(FAILED)


def _body(kind: str, model: str, message: str, pictures: int) -> dict[str, Any]:
    if kind in ("chat", "response"):
        return {"model": model, "messages": [{"role": "user", "content": message}]}
    body: dict[str, Any] = {"model": model, "prompt": message}
    return {**body, "images": ["picture"] * pictures} if kind in _PICTURED else body


def _read(file: Path) -> dict[str, Any]:
    try:
        body = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise typer.BadParameter(f"{file} is not JSON: {error}") from None
    if not isinstance(body, dict):
        raise typer.BadParameter(f"{file} holds no JSON object")
    return body


def _show(told: RouteExplanation) -> None:
    output.fields(kind=told.kind, strategy=told.strategy, outcome=told.outcome, account=told.account)
    if told.fallback_model is not None:
        why = told.own_model.error.message if told.own_model and told.own_model.error else "no account serves it now"
        output.note(f"With {told.fallback_model} in place of the model that is asked for: {why}")
    for verdict in told.accounts:
        output.result(f"{verdict.place or '-':>3}  {_name(verdict)}: {verdict.text}{_again(verdict)}")
    if told.outcome == "waits":
        output.note("It is taken, and waits in line until an account can serve it.")
    if told.error is not None:
        output.note(f"error: {told.error.message} [{told.error.code}]")
        output.note(f"what to do: {told.error.action}")
        if told.retry_after is not None:
            output.note(f"Retry-After: {told.retry_after} s")


def _name(verdict: RouteVerdict) -> str:
    return f"{verdict.account} ({verdict.plan})" if verdict.plan else verdict.account


def _again(verdict: RouteVerdict) -> str:
    until = moment(verdict.eligible_again_at)
    return "" if until is None else f" Eligible again at {until}."
