"""`chatgpt-api admin artifacts` and `delete-artifact`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli import output
from cli.options import ApiKey, BaseUrl, Json, connect

_WORDS = {"metadata": "record"}


def artifacts(
    *,
    limit: Annotated[int, typer.Option(min=1, max=500, help="How many of the newest.")] = 100,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """The newest kept files, one a line."""
    with connect(base_url, api_key) as client:
        found = client.admin.files(limit)
    if as_json:
        output.data(found.as_sent())
        return
    for file in found.artifacts:
        output.result(f"{file.file_id}: {file.kind} {file.filename} {file.bytes} {file.download_url}")
    if not found.artifacts:
        output.note("No files yet.")


def delete_artifact(
    *,
    file_id: Annotated[str, typer.Option("--file-id", metavar="ID", help="The file's id, from `artifacts`.")],
    delete_file: Annotated[
        bool, typer.Option("--delete-file", help="Remove its bytes too, also of a file that was forgotten before.")
    ] = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Forget a kept file; its link stops working at once."""
    with connect(base_url, api_key) as client:
        told = client.admin.delete_file(file_id, delete_file=delete_file)
    if as_json:
        output.data(told.as_sent())
        return
    output.fields(file_id=file_id, deleted=[_WORDS.get(name, name) for name, gone in told.deleted.items() if gone])
    if told.path is not None:
        output.fields(path=told.path)
        output.note("Its bytes are still there; the same command with --delete-file removes them.")
