"""`chatgpt-api temporal`."""

from __future__ import annotations

from typing import Annotated

import typer


def temporal(
    get: Annotated[bool, typer.Option("--get/--no-get", help="Download or build it where it is missing.")] = True,
) -> None:
    """Find Temporal's server, or get it.

    Prints where the binary is.
    """
    from cli import output
    from cli.up.dev_server import find_binary

    output.result(str(find_binary(get=get)))
