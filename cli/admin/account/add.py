"""`chatgpt-api admin account add`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from cli import output
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect

if TYPE_CHECKING:
    from integrations.client import BridgeClient
    from integrations.client.models import Inspection, SavedCapture

_END = "END_CAPTURE"


def add(
    *,
    account: Annotated[str | None, typer.Option("--account", metavar="ALIAS", help="Name of the account.")] = None,
    capture_file: Annotated[Path | None, typer.Option(help="File that holds the copied request.")] = None,
    paste: Annotated[
        bool, typer.Option("--paste", help=f"Read the copied request from the terminal, to a line {_END}.")
    ] = False,
    live_verify: Annotated[
        bool,
        typer.Option("--live-verify/--no-live-verify", help="Ask ChatGPT whether it works; costs no quota."),
    ] = True,
    replace: Annotated[bool, typer.Option("--replace", help="The account exists and gets a newer capture.")] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Make an account of a capture: inspect it, verify it, and only then keep it, encrypted."""
    if paste and capture_file is not None:
        raise typer.BadParameter("choose one of --capture-file and --paste")
    alias = account or _asked_alias(as_json)
    text = _capture(capture_file, paste, as_json)
    with connect(base_url, api_key) as client:
        save(client, alias, text, verify=live_verify, replace=replace, as_json=as_json)


def save(client: BridgeClient, alias: str, text: str, *, verify: bool, replace: bool, as_json: bool = False) -> None:
    """Inspect, then save, and print what came of it.

    Raises:
        ClientError: the server refused to save it; nothing was written.
        typer.Exit: with 1, when the inspection failed and nothing was sent to be saved.
    """
    inspection = _inspected(client, alias, text, as_json)
    saved = _saved(client, alias, text, verify=verify, replace=replace)
    if as_json:
        output.data({"ok": True, **saved.as_sent()})
        return
    output.fields(
        saved=True,
        account=alias,
        plan=_plan(inspection),
        token_expires_at=inspection.detected.get("token_expires_at"),
        live_verify=saved.live_verify or ("ok" if verify else "skipped"),
        capture_path=saved.capture_path,
    )
    if inspection.warnings:
        output.note(f"Recommended, but not in this capture: {', '.join(inspection.warnings)}")


def _saved(client: BridgeClient, alias: str, text: str, *, verify: bool, replace: bool) -> SavedCapture:
    from integrations.client import ClientError

    try:
        return client.save_capture(alias, text, verify=verify, replace=replace)
    except ClientError as error:
        if error.failure.param == "account" and not replace:
            action = "Choose another name, or add --replace to give an account that exists a newer capture."
            error.failure = error.failure.model_copy(update={"action": action})
        raise


def _inspected(client: BridgeClient, alias: str, text: str, as_json: bool) -> Inspection:
    from integrations.client import ClientError

    try:
        inspection = client.inspect_capture(alias, text)
    except ClientError as error:
        if error.failure.code != "capture_rejected":
            raise
        _rejected(alias, as_json, message=error.failure.message, failed=[])
    if not inspection.ok:
        failed = [check for check in inspection.checks if check.level == "required" and not check.ok]
        said = "; ".join(f"{check.name}: {check.detail or 'failed'}" for check in failed)
        _rejected(
            alias,
            as_json,
            message=said or "a required check failed",
            failed=list(inspection.missing),
            inspection=inspection.as_sent(),
        )
    return inspection


def _rejected(alias: str, as_json: bool, *, message: str, failed: list[str], **more: Any) -> Any:
    if as_json:
        output.data({"ok": False, "saved": False, "phase": "inspect", "failed": failed, "message": message, **more})
    else:
        output.fields(saved=False, nothing_written=True, phase="inspect", account=alias, failed=failed)
    output.failure(
        message,
        code="capture_rejected",
        fault="caller",
        action="Copy the request POST /backend-api/f/conversation of a freshly sent message and try again.",
    )
    raise typer.Exit(FAILED)


def _plan(inspection: Inspection) -> str | None:
    plan = inspection.detected.get("plan_type") or inspection.detected.get("plan")
    return str(plan) if plan else None


def _asked_alias(as_json: bool) -> str:
    if as_json or not sys.stdin.isatty():
        raise typer.BadParameter("name the account with --account")
    alias: str = typer.prompt("Name of the account", err=True)
    return alias


def _capture(file: Path | None, paste: bool, as_json: bool) -> str:
    if file is not None:
        text = file.read_text(encoding="utf-8", errors="replace")
    elif paste or (sys.stdin.isatty() and not as_json):
        text = _pasted()
    else:
        raise typer.BadParameter("give the capture with --capture-file or --paste")
    if not text.strip():
        raise typer.BadParameter("the capture is empty")
    return text


def _pasted() -> str:
    if sys.stdin.isatty():
        output.note(f"Paste the copied request, then a line {_END}:")
    lines: list[str] = []
    for line in sys.stdin:
        if line.strip() == _END:
            break
        lines.append(line)
    return "".join(lines)
