"""The group `admin`."""

from __future__ import annotations

from cli.admin.account.add import save_capture
from cli.admin.account.app import app as account
from cli.admin.account.delete import delete as delete_account
from cli.admin.account.list import list_accounts
from cli.admin.account.verify import verify as check_accounts
from cli.admin.files import artifacts, delete_artifact
from cli.admin.presets import presets
from cli.admin.status import capacity, models, status
from cli.admin.trials import try_chat, try_image
from cli.groups import group
from cli.limits.commands import reset_settings, set_limits, settings
from cli.usage.command import usage

app = group("Administration of a running bridge.", calls=True)
app.add_typer(account, name="account")
app.command("accounts")(list_accounts)
app.command("check-accounts")(check_accounts)
app.command("save-capture")(save_capture)
app.command("delete-account")(delete_account)
app.command()(status)
app.command()(usage)
app.command()(models)
app.command()(capacity)
app.command()(settings)
app.command("set-limits")(set_limits)
app.command("reset-settings")(reset_settings)
app.command()(artifacts)
app.command("delete-artifact")(delete_artifact)
app.command("test-chat")(try_chat)
app.command("test-image")(try_image)
app.command()(presets)
