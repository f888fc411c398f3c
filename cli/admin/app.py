"""The group `admin`."""

from __future__ import annotations

from cli.admin.account.add import save_capture
from cli.admin.account.app import app as account
from cli.admin.account.delete import delete as delete_account
from cli.admin.account.list import list_accounts
from cli.admin.account.verify import verify as check_accounts
from cli.groups import group
from cli.limits.commands import reset_settings, set_limits, settings
from cli.usage.command import usage

app = group("Administration of a running bridge.")
app.add_typer(account, name="account")
app.command("accounts")(list_accounts)
app.command("check-accounts")(check_accounts)
app.command("save-capture")(save_capture)
app.command("delete-account")(delete_account)
app.command()(usage)
app.command()(settings)
app.command("set-limits")(set_limits)
app.command("reset-settings")(reset_settings)
