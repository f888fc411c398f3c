"""`chatgpt-api api research`."""

from __future__ import annotations

import sys
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from cli import output
from cli.api.operation import show
from cli.api.routing import Account, Accounts, Strategy, pool
from cli.exit import ERROR, INTERRUPTED
from cli.following import Watch, follow
from cli.options import ApiKey, BaseUrl, Json, connect

if TYPE_CHECKING:
    from integrations.client import BridgeClient
    from integrations.client.models import Operation, OperationEvent

_SUFFIXES = (".md", ".markdown", ".txt")


def research(
    *,
    prompt: Annotated[str, typer.Option("--prompt", "-p", help="The question.")],
    model: Annotated[str, typer.Option(help="A research model.")] = "chatgpt-deep-research",
    plan: Annotated[str, typer.Option(help="auto begins by itself, ask waits for `operations approve`.")] = "auto",
    output_dir: Annotated[Path | None, typer.Option(help="Save the report here, under the server's name.")] = None,
    output_path: Annotated[Path | None, typer.Option(help="Save the report as this file.")] = None,
    operation_id: Annotated[str | None, typer.Option(help="An id of your own for this operation.")] = None,
    account: Account = None,
    accounts: Accounts = None,
    strategy: Strategy = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Have a question researched, which may take an hour, and print the report.

    The research goes on without this command. Ctrl-C asks whether to cancel it or to leave it alone.
    """
    body: dict[str, Any] = {"prompt": prompt, "model": model, "plan": plan, **pool(account, accounts, strategy)}
    if operation_id:
        body["chatgpt_operation_id"] = operation_id
    with connect(base_url, api_key) as client:
        begun = client.start_research(body)
        _say_how(begun.id)
        ended = _followed(client, begun.id)
        saved = _save(client, ended, output_dir, output_path)
    if as_json:
        output.data({**ended.as_sent(), "local_report_path": saved and str(saved)})
    else:
        show(ended)
        output.fields(local_report_path=saved)
    if ended.state == "cancelled":
        raise typer.Exit(INTERRUPTED)
    if ended.state != "completed":
        raise typer.Exit(ERROR)


def _say_how(operation_id: str) -> None:
    output.note(f"operation_id={operation_id}")
    output.note(f"look at it: chatgpt-api operations show {operation_id}")
    output.note(f"follow it:  chatgpt-api operations watch {operation_id}")
    output.note(f"stop it:    chatgpt-api operations cancel {operation_id}")


def _followed(client: BridgeClient, operation_id: str) -> Operation:
    """The operation once it has ended.

    Raises:
        typer.Exit: it was left alone by Ctrl-C.
    """
    last = 0
    while True:
        try:
            with Watch() as shown:
                for event in follow(client, operation_id, after=last):
                    last = event.number
                    shown.show(event)
                    _ask_for_plan(event, operation_id)
            return client.operation(operation_id)
        except KeyboardInterrupt:
            if _wish() == "detach":
                output.note(f"Left alone. Follow it again: chatgpt-api operations watch {operation_id}")
                raise typer.Exit(INTERRUPTED) from None
            client.cancel(operation_id)


def _ask_for_plan(event: OperationEvent, operation_id: str) -> None:
    if event.type == "state" and event.data.get("state") == "waiting_for_plan":
        output.note(f"It waits for its plan: chatgpt-api operations approve|reject|edit-plan {operation_id}")


def _wish() -> Literal["cancel", "detach"]:
    """What a person who pressed Ctrl-C wants; without a terminal nobody can be asked, and work goes on."""
    if not sys.stdin.isatty():
        return "detach"
    output.note("\nThe research goes on without this command.")
    return "cancel" if typer.confirm("Cancel it?", default=False, err=True) else "detach"


def _save(client: BridgeClient, ended: Operation, folder: Path | None, path: Path | None) -> Path | None:
    """Write the report on this machine; the server is never told where."""
    reports = [artifact for artifact in ended.artifacts if artifact.filename.endswith(_SUFFIXES)]
    if not reports or (folder is None and path is None):
        return None
    content, _ = client.download(reports[0].download_url or "")
    target = (folder or Path()) / PurePosixPath(reports[0].filename).name
    if path is not None:
        target = path if path.suffix.lower() in _SUFFIXES else path.with_name(f"{path.name}.md")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target
