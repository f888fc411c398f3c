"""The group `keys`."""

from __future__ import annotations

from cli.groups import group
from cli.keys.change import change
from cli.keys.create import create
from cli.keys.list import list_keys
from cli.keys.revoke import revoke
from cli.keys.show import show

app = group("API keys of a running bridge: who may ask for what, and how often.", calls=True)
app.command()(create)
app.command("list")(list_keys)
app.command()(show)
app.command()(change)
app.command()(revoke)
