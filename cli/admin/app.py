"""The group `admin`."""

from __future__ import annotations

from cli.admin.account.app import app as account
from cli.groups import group

app = group("Administration of a running bridge.")
app.add_typer(account, name="account")
