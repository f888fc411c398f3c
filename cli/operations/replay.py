"""`chatgpt-api operations replay`."""

from __future__ import annotations

import asyncio

import typer

from cli import output
from cli.exit import FAILED
from cli.operations.histories import history_source
from cli.operations.options import Id


def replay(operation_id: Id) -> None:
    """Replay an operation's history with today's code and say whether it still fits. Asks upstream nothing."""
    from workflows.temporal import histories

    settings, keys, blobs = history_source()
    seen = asyncio.run(histories.replay(settings, keys, operation_id, blobs=blobs))
    output.fields(operation_id=operation_id, events=seen.events, fits=seen.trouble is None)
    if seen.trouble is not None:
        output.note(seen.trouble)
        raise typer.Exit(FAILED)
