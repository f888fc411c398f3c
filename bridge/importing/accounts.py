"""Captures of the older bridge: opened with its key, kept with ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bridge.accounts.captures import Captures
from bridge.accounts.registry import unusable
from bridge.importing.items import Item, Outcome
from bridge.vault import Vault
from bridge.vault.aliases import new_alias
from bridge.vault.captures import SETTINGS_FILE
from core.errors import (
    AccountNotConfiguredError,
    BridgeError,
    CaptureRejectedError,
    CaptureUnreadableError,
    InvalidRequestError,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A capture of the older bridge; `text` is `None` when it is not to be taken."""

    item: Item
    text: str | None = None


class OlderAccounts:
    """The accounts of a folder.

    Args:
        passphrases: tried before the folder's key file.
        vault: ours.
        captures: examines what was found.
    """

    def __init__(self, folder: Path, passphrases: tuple[str, ...], vault: Vault, captures: Captures) -> None:
        self._theirs = [*(Vault(folder, words) for words in passphrases), Vault(folder)]
        self._ours = vault
        self._captures = captures

    def find(self) -> Iterator[Found]:
        """Every account, in alphabetical order; blocks."""
        for alias in self._theirs[-1].aliases():
            found = self._examined(alias)
            yield found
            if self._theirs[-1].read_settings(alias) is not None:
                detail = "models and efforts that were chosen in the browser; they share the fate of the account"
                yield Found(Item("account", f"{alias}/{SETTINGS_FILE}", found.item.outcome, detail))

    def take(self, alias: str, text: str) -> None:
        """Keep a capture as our own, and the web settings that lie beside it.

        Raises:
            VaultKeyError, StoreError: it cannot be kept.
        """
        self._ours.check(besides=alias)
        settings = self._theirs[-1].read_settings(alias)
        if settings is not None:
            self._ours.write_settings(alias, settings)
        self._ours.write(alias, text)

    def _examined(self, alias: str) -> Found:
        try:
            name = new_alias(alias)
            text = self._read(alias)
            inspection = self._captures.inspect(text)
        except (InvalidRequestError, CaptureUnreadableError, CaptureRejectedError) as error:
            return Found(Item("account", alias, Outcome.SKIP, error.message))
        problem = unusable(alias, inspection)
        detail = f"{inspection.capabilities.plan or 'unknown plan'}, {inspection.email or 'no e-mail address'}"
        detail = f"{detail}; {problem.message}" if problem else detail
        before = self._own(name)
        if before is None:
            # One that has expired keeps its place: a fresh capture is all that it needs.
            return Found(Item("account", alias, Outcome.TAKE, detail), text)
        if before == text:
            return Found(Item("account", alias, Outcome.HAVE, detail))
        return Found(Item("account", alias, Outcome.SKIP, "an account of this name with another capture is here"))

    def _read(self, alias: str) -> str:
        for vault in self._theirs[:-1]:
            try:
                return vault.read(alias)
            except CaptureUnreadableError:
                continue
        return self._theirs[-1].read(alias)

    def _own(self, alias: str) -> str | None:
        """What our own vault holds; one that cannot be read is one that must not be replaced."""
        try:
            return self._ours.read(alias)
        except AccountNotConfiguredError:
            return None
        except BridgeError:
            return ""
