"""Captures at rest: one folder an account, one encrypted file in it, and beside it the capture it replaced."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bridge.vault.aliases import given_alias, is_alias
from bridge.vault.files import private_folder, remove_drafts, replace_file, swap_files
from bridge.vault.keyring import PREFIX, Keyring
from bridge.vault.lock import writing
from core.errors import AccountNotConfiguredError, CaptureUnreadableError, StoreError, VaultKeyError
from core.settings import AccountsSettings

CAPTURE_FILE = "chatgpt-request.txt"
"""The capture's file name, in the folder that bears the account's alias."""

PREVIOUS_FILE = "chatgpt-request.previous.txt"
"""The capture that was replaced last, encrypted always."""

SETTINGS_FILE = "settings.json"
"""The account's settings as its browser has them, in JSON."""


@dataclass(frozen=True, slots=True)
class Removed:
    """What a deletion found and took away; `kept`: the capture was put aside instead, where it can be restored."""

    capture: bool = False
    previous: bool = False
    settings: bool = False
    folder: bool = False
    kept: bool = False


class Vault:
    """The accounts folder. Reads plain captures of older versions, writes encrypted ones only.

    Reading and writing block (disk, key derivation): call them in a thread. `signature` may be called anywhere.

    Attributes:
        keyring: the folder's key, made from the passphrase or, without one, from the key file.
    """

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self._folder = folder.absolute()
        self._root = str(self._folder)
        self.keyring = Keyring(self._folder, passphrase)

    @classmethod
    def of(cls, settings: AccountsSettings) -> Vault:
        """The folder and the passphrase that the settings name."""
        passphrase = settings.secrets_passphrase
        return cls(settings.accounts_dir, passphrase.get_secret_value() if passphrase else None)

    def aliases(self) -> list[str]:
        """Every account that has a capture, in alphabetical order."""
        return sorted(alias for alias, *_ in self.signature())

    def folders(self) -> list[str]:
        """Every name of which a file is kept, in alphabetical order: also of an account that was put aside."""
        kept = (CAPTURE_FILE, PREVIOUS_FILE, SETTINGS_FILE)
        try:
            names = [name for name in os.listdir(self._root) if is_alias(name)]
        except OSError:
            return []
        return sorted(name for name in names if any((self._folder / name / file).is_file() for file in kept))

    def has_settings(self, alias: str) -> bool:
        """Whether web settings of an older bridge lie beside the capture."""
        return self._file(alias).with_name(SETTINGS_FILE).is_file()

    def read_settings(self, alias: str) -> str | None:
        """Those web settings, in JSON; `None` where there are none that can be read."""
        try:
            return self._file(alias).with_name(SETTINGS_FILE).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def write_settings(self, alias: str, text: str) -> None:
        """Store web settings beside the capture, not encrypted: there is nothing secret in them.

        Raises:
            InvalidRequestError: `alias` cannot be an account's name.
            StoreError: the folder cannot be written.
        """
        file = self._file(given_alias(alias)).with_name(SETTINGS_FILE)
        with writing(self._folder):
            private_folder(file.parent)
            replace_file(file, text.encode())

    def signature(self) -> tuple[tuple[str, int, int, int], ...]:
        """One entry for each account: alias, then what changes whenever its capture does. Some microseconds each."""
        try:
            names = os.listdir(self._root)
        except OSError:
            return ()
        found = []
        for name in names:
            if not is_alias(name):
                continue
            try:
                status = os.stat(f"{self._root}/{name}/{CAPTURE_FILE}")
            except OSError:
                continue
            found.append((name, status.st_ino, status.st_size, status.st_mtime_ns))
        return tuple(found)

    def key_signature(self) -> Hashable:
        """What changes whenever the key material does, so that what could not be opened is tried again."""
        return self.keyring.signature()

    def read(self, alias: str) -> str:
        """The capture's text, decrypted.

        Raises:
            AccountNotConfiguredError: the account has no capture.
            CaptureUnreadableError: the file cannot be read, or this key does not open it.
        """
        return self._opened(self._file(alias))

    def has_previous(self, alias: str) -> bool:
        """Whether there is a capture that can be restored."""
        return is_alias(alias) and self._previous(alias).is_file()

    def read_previous(self, alias: str) -> str:
        """The text of the capture that was replaced last.

        Raises:
            AccountNotConfiguredError: there is none.
            CaptureUnreadableError: the file cannot be read, or this key does not open it.
        """
        return self._opened(self._previous(alias))

    def stored_at(self, alias: str, *, previous: bool = False) -> datetime | None:
        """When the capture was stored, by its file; `None` when there is none."""
        file = self._previous(alias) if previous else self._file(alias)
        try:
            return datetime.fromtimestamp(file.stat().st_mtime, UTC)
        except OSError:
            return None

    def write(self, alias: str, text: str, *, keep_previous: bool = False) -> None:
        """Store the capture, encrypted; a reader sees the old one or the new one.

        Args:
            keep_previous: keep another capture that was there, so that `restore` brings it back. One that this key
                does not open is not worth it, and what was kept before stays then.

        Raises:
            InvalidRequestError: `alias` cannot be an account's name.
            VaultKeyError: the folder's key is another one by now.
            StoreError: the folder cannot be written; the old capture is untouched.
        """
        file = self._file(given_alias(alias))
        with writing(self._folder):
            # The key may have been changed to another passphrase since this process was given its own.
            self.keyring.check()
            encrypted = self.keyring.encrypt(text)
            private_folder(file.parent)
            if keep_previous:
                self._keep_previous(alias, besides=text)
            replace_file(file, encrypted.encode())

    def restore(self, alias: str, text: str) -> None:
        """Have the previous capture and the present one change places; each is readable at every moment.

        Where there is none at present, the previous one becomes it.

        Args:
            text: what the previous capture is expected to be.

        Raises:
            AccountNotConfiguredError: there is no previous capture, or it is not `text` any more.
            CaptureUnreadableError: it cannot be opened.
            StoreError: the folder cannot be written.
        """
        file, previous = self._file(alias), self._previous(alias)
        with writing(self._folder):
            if self._read(previous) != text:
                raise AccountNotConfiguredError(f"the previous capture of {alias!r} was replaced meanwhile")
            swap_files(file, previous, self._sealed(file))

    def delete(self, alias: str, *, keep_capture: bool = False, keep_settings: bool = False) -> Removed:
        """Take an account away: its capture, the one before it and the web settings beside them.

        The folder goes when nothing else lies in it.

        Args:
            keep_capture: put the capture aside as the previous one, so that the account can be restored.

        Raises:
            AccountNotConfiguredError: no account can have that name.
            StoreError: a file cannot be removed.
        """
        file, previous = self._file(alias), self._previous(alias)
        try:
            with writing(self._folder):
                kept = keep_capture and file.exists()
                if kept:
                    self._put_aside(file, previous)
                return Removed(
                    capture=_removed(file),
                    previous=not keep_capture and _removed(previous),
                    settings=not keep_settings and _removed(file.with_name(SETTINGS_FILE)),
                    folder=_removed_folder(file.parent),
                    kept=kept,
                )
        except OSError as error:
            raise StoreError(f"the capture of {alias!r} cannot be removed: {error.strerror}") from error

    def check(self, *, besides: str | None = None) -> None:
        """See at start whether the key is the right one.

        One capture that does not open is that account's trouble; when none does, it is the key's.

        Args:
            besides: an account to leave out, because it is about to be written anew.

        Raises:
            VaultKeyError: there are encrypted captures and the key opens none of them, or it does not open the ring
                of payload keys.
        """
        self.keyring.check()
        closed = [alias for alias in self.aliases() if alias != besides and self._is_encrypted(alias)]
        if closed and not any(self._opens(alias) for alias in closed):
            raise VaultKeyError(f"the key opens none of the {len(closed)} encrypted captures in the accounts folder")

    def _file(self, alias: str) -> Path:
        if not is_alias(alias):
            raise AccountNotConfiguredError(f"there is no account {alias!r}")
        return self._folder / alias / CAPTURE_FILE

    def _previous(self, alias: str) -> Path:
        return self._file(alias).with_name(PREVIOUS_FILE)

    def _opened(self, file: Path) -> str:
        while True:
            key = self.key_signature()
            try:
                return self._read(file)
            except CaptureUnreadableError:
                # The key was changed between the reading of the file and that of the key.
                if self.key_signature() == key:
                    raise

    def _read(self, file: Path) -> str:
        alias, what = file.parent.name, "previous capture" if file.name == PREVIOUS_FILE else "capture"
        try:
            stored = file.read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            raise AccountNotConfiguredError(f"account {alias!r} has no {what}") from None
        except OSError as error:
            raise CaptureUnreadableError(f"the {what} of {alias!r} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise CaptureUnreadableError(f"the {what} of {alias!r} is not text") from None
        if not stored.startswith(PREFIX):
            return stored
        try:
            return self.keyring.decrypt(stored)
        except VaultKeyError as error:
            raise CaptureUnreadableError(f"the {what} of {alias!r} cannot be opened: {error.message}") from error

    def _keep_previous(self, alias: str, *, besides: str) -> None:
        file = self._file(alias)
        try:
            if self._read(file) == besides:
                return
        except (AccountNotConfiguredError, CaptureUnreadableError):
            return
        self._put_aside(file, self._previous(alias))

    def _put_aside(self, file: Path, previous: Path) -> None:
        """A copy, so that there is a capture at every moment; its time is when it was stored."""
        content, status = self._sealed(file), file.stat()
        assert content is not None
        replace_file(previous, content)
        os.utime(previous, ns=(status.st_atime_ns, status.st_mtime_ns))

    def _sealed(self, file: Path) -> bytes | None:
        """A capture as it is to lie on the disk, also where an older version left it plain; `None` for none."""
        try:
            content = file.read_bytes()
        except FileNotFoundError:
            return None
        if content.startswith(PREFIX.encode()):
            return content
        return self.keyring.encrypt(content.decode(errors="replace")).encode()

    def _is_encrypted(self, alias: str) -> bool:
        try:
            with self._file(alias).open("rb") as file:
                return file.read(len(PREFIX)) == PREFIX.encode()
        except OSError:
            return False

    def _opens(self, alias: str) -> bool:
        try:
            self.read(alias)
        except (AccountNotConfiguredError, CaptureUnreadableError):
            return False
        return True


def _removed(file: Path) -> bool:
    try:
        file.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def _removed_folder(folder: Path) -> bool:
    """Nothing that a death left half written keeps it."""
    if not folder.is_dir():
        return False
    remove_drafts(folder)
    if any(folder.iterdir()):
        return False
    folder.rmdir()
    return True
