"""The group `admin`."""

from __future__ import annotations

from cli.admin.account.app import app as account
from cli.groups import group
from cli.limits.commands import reset_settings, set_limits, settings
from cli.usage.command import usage

app = group("Administration of a running bridge.")
app.add_typer(account, name="account")
app.command()(usage)
app.command()(settings)
app.command("set-limits")(set_limits)
app.command("reset-settings")(reset_settings)
