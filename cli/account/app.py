"""The group `account`."""

from __future__ import annotations

from cli.account.changing import delete, drain, pause, resume, set_fields
from cli.account.inspecting import inspect
from cli.account.looking import check, events, list_accounts, show
from cli.account.store import add, restore, update
from cli.cooldown.app import app as cooldown
from cli.groups import group

app = group("Accounts of a running bridge; a change counts from the next request on, without a restart.", calls=True)
app.command("list")(list_accounts)
app.command()(show)
app.command()(add)
app.command()(update)
app.command()(restore)
app.command()(check)
app.command()(pause)
app.command()(resume)
app.command()(drain)
app.command("set")(set_fields)
app.command()(delete)
app.command()(events)
app.command()(inspect)
app.add_typer(cooldown, name="cooldown")
