"""Which capture a command is about: a file, or an account of the accounts folder."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from cli import values

if TYPE_CHECKING:
    from core.settings import Settings
    from provider.interface.accounts import Inspection
    from provider.interface.session import Provider, Session

_Read = TypeVar("_Read")

CapturePath = Annotated[
    Path | None, typer.Argument(metavar="PATH", help="A file that holds a capture, instead of an account.")
]
Account = Annotated[
    str | None,
    typer.Option(
        "--account",
        metavar="ALIAS",
        help="An account of the folder. Default: CHATGPT_ACCOUNT.",
        autocompletion=values.stored_aliases,
    ),
]
AccountsDir = Annotated[
    Path | None, typer.Option("--accounts-dir", metavar="DIR", help="Folder of the captures. [CHATGPT_ACCOUNTS_DIR]")
]


SettingsFile = Annotated[
    Path | None,
    typer.Option(
        "--settings",
        metavar="FILE",
        help="What GET /backend-api/settings/user answered the browser. Default: settings.json beside the capture.",
    ),
]
WithSettings = Annotated[bool, typer.Option("--use-settings/--no-settings", help="Whether settings count at all.")]


@dataclass(frozen=True)
class Source:
    """A capture and the vendor that reads it.

    Attributes:
        name: the account's alias, or the file's name.
        text: the capture; a credential, never to be shown.
        settings: the account's settings as its browser has them, `None` for none.
    """

    name: str
    text: str
    provider: Provider
    settings: str | None = None

    def inspected(self) -> Inspection:
        """The capture, examined; nothing is sent.

        Raises:
            CaptureRejectedError: the text is not a capture at all.
        """
        from core.clock import utc_now

        return self.provider.inspect(self.text, now=utc_now(), settings=self.settings)


def source(
    path: Path | None,
    account: str | None,
    accounts_dir: Path | None,
    settings_file: Path | None = None,
    *,
    with_settings: bool = True,
) -> Source:
    """The capture that the options name, and the account's settings: those of a file, else those beside the capture.

    Raises:
        typer.BadParameter: two are named, or none, or a file that is not there.
        AccountNotConfiguredError: there is no such account.
        CaptureUnreadableError, VaultKeyError: its capture does not open.
        SettingError: a variable's value is wrong.
    """
    if path is not None and account is not None:
        raise typer.BadParameter("choose one of PATH and --account")
    if path is not None and not path.exists():
        raise typer.BadParameter(f"there is no file {path}; an account is named with --account")
    settings = settings_of(accounts_dir)
    from bridge.build import provider  # only now: a bad setting is said at once

    given = settings_file.read_text(encoding="utf-8", errors="replace") if settings_file is not None else None
    if path is not None:
        return Source(path.name, path.read_text(encoding="utf-8", errors="replace"), provider(settings), given)
    from bridge.vault import Vault
    from bridge.vault.aliases import given_alias

    alias = account or settings.accounts.account
    if alias is None:
        raise typer.BadParameter("name a capture with PATH, or an account with --account or CHATGPT_ACCOUNT")
    vault = Vault.of(settings.accounts)
    text = vault.read(given_alias(alias))
    beside = vault.read_settings(alias) if with_settings and given is None else given
    return Source(alias, text, provider(settings), beside)


def settings_of(accounts_dir: Path | None) -> Settings:
    """The settings, with another folder of accounts where one is named.

    Raises:
        SettingError: a variable's value is wrong.
    """
    from core.settings import load_all

    return load_all(accounts={"accounts_dir": accounts_dir})


def read(found: Source, ask: Callable[[Session], Awaitable[_Read]]) -> _Read:
    """Ask ChatGPT with a capture, over a session that is closed afterwards.

    Raises:
        CaptureRejectedError: the capture cannot be used.
        BridgeError: as `ask`.
    """

    async def once() -> _Read:
        session = found.provider.open(found.name, found.text)
        try:
            return await ask(session)
        finally:
            await session.aclose()

    return asyncio.run(once())
