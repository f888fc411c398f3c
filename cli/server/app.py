"""The group `server`."""

from __future__ import annotations

from cli.groups import group
from cli.server.presets import command
from cli.server.start import start

app = group("The HTTP API.")
app.command()(start)
app.command()(command)
