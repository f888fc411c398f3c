"""The group `audit`."""

from __future__ import annotations

from cli.audit.list import list_changes
from cli.groups import group

app = group("What was changed on a running bridge, when, and by whom.", calls=True)
app.command("list")(list_changes)
