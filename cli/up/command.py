"""`chatgpt-api up`."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.options import Json


def up(
    *,
    demo: Annotated[bool, typer.Option("--demo", help="On the simulator, in a folder of its own: .demo.")] = False,
    headless: Annotated[bool, typer.Option("--headless", help="Without Temporal's web UI.")] = False,
    tour: Annotated[
        bool, typer.Option("--tour", help="With --demo: show a chat, a streamed chat and a picture.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="With --tour: stop afterwards, 1 when a step failed.")] = False,
    as_json: Json = False,
) -> None:
    """Start, watch and stop everything on this machine.

    Temporal's server, a worker and the API run as processes of their own. One that dies is started again; Ctrl-C stops
    all of them.
    CHATGPT_TEMPORAL_ADDRESS uses a Temporal server that is there.
    """
    if tour and not demo:
        raise typer.BadParameter("--tour needs --demo: on your own accounts it would spend quota")
    if once and not tour:
        raise typer.BadParameter("--once needs --tour")
    from cli.up.run import run

    raise typer.Exit(run(demo=demo, headless=headless, tour=tour, once=once, as_json=as_json))
