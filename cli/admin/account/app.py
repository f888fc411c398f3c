"""The group `admin account`."""

from __future__ import annotations

from cli.admin.account.add import add, update
from cli.admin.account.delete import delete
from cli.admin.account.list import list_accounts
from cli.admin.account.verify import verify
from cli.groups import group

app = group("Accounts of a running bridge; a change counts from the next request on, without a restart.", calls=True)
app.command()(add)
app.command()(update)
app.command()(verify)
app.command("list")(list_accounts)
app.command()(delete)
