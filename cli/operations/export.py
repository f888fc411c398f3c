"""`chatgpt-api operations export`."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile

import typer

from cli import output
from cli.operations.options import Id
from cli.options import ApiKey, BaseUrl, connect
from core.errors import BridgeError

if TYPE_CHECKING:
    from integrations.client import BridgeClient
    from integrations.client.models import Operation


def export(
    operation_id: Id,
    *,
    save_to: Annotated[
        Path | None, typer.Option("--output", metavar="FILE", help="The archive. Default: ID.zip in this folder.")
    ] = None,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
) -> None:
    """Write one archive of an operation: its record, its events so far, its files and Temporal's history.

    The history's payloads stay encrypted with this bridge's key; everything else can be read by anybody.
    """
    target = save_to or Path(f"{PurePosixPath(operation_id).name}.zip")
    with connect(base_url, api_key) as client:
        found = client.operation(operation_id)
        draft = target.with_name(f".{target.name}.part")
        try:
            with ZipFile(draft, "w", ZIP_DEFLATED) as archive:
                _fill(archive, client, found)
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    output.fields(archive=str(target), bytes=target.stat().st_size)


def _fill(archive: ZipFile, client: BridgeClient, found: Operation) -> None:
    archive.writestr("record.json", json.dumps(found.as_sent(), indent=2, ensure_ascii=False))
    lines = [json.dumps(event.as_sent(), ensure_ascii=False) for event in client.past_events(found.id)]
    archive.writestr("events.jsonl", "".join(f"{line}\n" for line in lines))
    for number, artifact in enumerate(found.artifacts, 1):
        content, _ = client.download(artifact.download_url or "")
        name = PurePosixPath(artifact.filename).name or artifact.file_id
        archive.writestr(f"files/{number}-{name}", content, ZIP_STORED)
    try:
        archive.writestr("history.json", _history(found.id))
    except BridgeError as error:
        output.note(f"without its history: {error.message}")


def _history(operation_id: str) -> str:
    from cli.operations.histories import history_source
    from workflows.temporal import histories

    settings, keys, _ = history_source()
    return asyncio.run(histories.fetch_json(settings, keys, operation_id))
