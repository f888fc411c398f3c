"""The group `route`."""

from __future__ import annotations

from cli.groups import group
from cli.route.explain import explain

app = group("Where requests go.", calls=True)
app.callback()(lambda: None)
app.command()(explain)
