"""The group `secrets`."""

from __future__ import annotations

from cli.groups import group
from cli.secrets.rotate import rotate

app = group("The key that captures and histories are encrypted with.")
app.callback()(lambda: None)
app.command()(rotate)
