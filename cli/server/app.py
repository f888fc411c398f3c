"""The group `server`."""

from __future__ import annotations

from cli.groups import group
from cli.server.start import start

app = group("The HTTP API.")
app.command()(start)


@app.callback()
def server() -> None:
    """The HTTP API."""
