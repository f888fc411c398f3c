"""`chatgpt-api accounts`, `account-info`, `account-capabilities`, `inspect-capture` and `providers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cli import output
from cli.account.inspecting import print_inspection
from cli.local.source import Account, AccountsDir, CapturePath, SettingsFile, WithSettings, settings_of, source
from cli.options import Json


def providers(as_json: Json = False) -> None:
    """Whom the bridge speaks to, and what it can do there."""
    from bridge.build import provider

    can = ("chat", "streaming", "images", "edits", "vision", "research", "limits")
    name = provider(settings_of(None)).name
    if as_json:
        output.data([{"provider": name, "capabilities": list(can)}])
    else:
        output.result(f"{name}: {' '.join(f'{ability}=yes' for ability in can)}")


def accounts(accounts_dir: AccountsDir = None, as_json: Json = False) -> None:
    """The accounts of the folder on this machine, one a line."""
    from bridge.vault import Vault

    settings = settings_of(accounts_dir).accounts
    vault, folder = Vault.of(settings), settings.accounts_dir.absolute()
    captured = set(vault.aliases())
    found = [
        {
            "account": name,
            "capture": name in captured,
            "previous": vault.has_previous(name),
            "settings": vault.has_settings(name),
            "path": str(folder / name),
        }
        for name in sorted({*captured, *vault.folders()})
    ]
    if as_json:
        output.data({"accounts_dir": str(folder), "accounts": found})
        return
    for one in found:
        words = " ".join(f"{name}={'yes' if one[name] else 'no'}" for name in ("capture", "previous", "settings"))
        output.result(f"{one['account']}: {words} path={one['path']}")
    if not found:
        output.note(f"No accounts in {folder}; add one with `chatgpt-api account add`.")


def account_info(
    path: CapturePath = None,
    *,
    account: Account = None,
    accounts_dir: AccountsDir = None,
    settings: SettingsFile = None,
    use_settings: WithSettings = True,
    as_json: Json = False,
) -> None:
    """Whose capture it is, masked, and how long it lasts; nothing is sent to ChatGPT."""
    from api.accounts.view import profile

    found = source(path, account, accounts_dir, settings, with_settings=use_settings)
    inspection = found.inspected()
    ends = inspection.cookies_expire_at
    told = {
        "capture": found.name,
        "format": inspection.format,
        **profile(inspection),
        "cookies_expire_at": ends.isoformat() if ends else None,
    }
    tell(told, as_json=as_json)


def account_capabilities(
    path: CapturePath = None,
    *,
    account: Account = None,
    accounts_dir: AccountsDir = None,
    settings: SettingsFile = None,
    use_settings: WithSettings = True,
    as_json: Json = False,
) -> None:
    """What the capture's plan allows; nothing is sent to ChatGPT."""
    from api.accounts.view import capabilities

    found = source(path, account, accounts_dir, settings, with_settings=use_settings)
    told = capabilities(found.inspected().capabilities)
    told["model_policy"] = "auto-only" if told["auto_only"] else "by plan"
    if not as_json:
        told["efforts"] = [f"{slug}:{'/'.join(efforts)}" for slug, efforts in told["efforts"].items() if efforts]
    tell(told, as_json=as_json)


def inspect_capture(
    path: CapturePath = None, *, account: Account = None, accounts_dir: AccountsDir = None, as_json: Json = False
) -> None:
    """Whether a capture can be used, check by check; nothing is sent to ChatGPT. 1 when it cannot."""
    from api.accounts.view import inspection
    from core.errors import CaptureRejectedError
    from integrations.client.admin_models import Inspection
    from provider.interface.accounts import Inspection as Unread

    found = source(path, account, accounts_dir)
    try:
        inspected = found.inspected()
    except CaptureRejectedError as error:
        inspected = Unread.unreadable(error.message)
    seen = inspection(inspected, found.name if path is None else None)
    print_inspection(Inspection.model_validate(seen), as_json=as_json)


def tell(told: Mapping[str, Any], *, as_json: bool) -> None:
    """Facts as lines, or as they are."""
    if as_json:
        output.data(told)
    else:
        output.fields(**{name: value for name, value in told.items() if value not in ([], {})})
