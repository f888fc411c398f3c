"""`chatgpt-api account inspect`, and how an inspection is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from cli import output
from cli.account.options import CaptureFile, Paste, capture
from cli.exit import FAILED
from cli.options import ApiKey, BaseUrl, Json, connect

if TYPE_CHECKING:
    from integrations.client.admin_models import Inspection


def inspect(
    *,
    capture_file: CaptureFile = None,
    paste: Paste = False,
    base_url: BaseUrl = None,
    api_key: ApiKey = None,
    as_json: Json = False,
) -> None:
    """Examine a capture; nothing is sent to ChatGPT and nothing is written. 1 when it cannot be used."""
    text = capture(capture_file, paste, as_json)
    with connect(base_url, api_key) as client:
        found = client.account.inspect(text)
    print_inspection(found, as_json=as_json)


def print_inspection(found: Inspection, *, as_json: bool) -> None:
    """What a capture holds, check by check.

    Raises:
        typer.Exit: with 1, when it cannot be used.
    """
    if as_json:
        output.data(found.as_sent())
    else:
        known = {name: value for name, value in found.detected.items() if value not in (None, [], {})}
        output.fields(ok=found.ok, missing=list(found.missing), warnings=list(found.warnings), **known)
        for check in found.checks:
            output.result(f"{'ok  ' if check.ok else 'FAIL'}  {check.level:<11}  {check.name}: {check.detail}")
    if not found.ok:
        raise typer.Exit(FAILED)
