"""Captures at rest: one folder an account, one encrypted file in it."""

from __future__ import annotations

import os
from collections.abc import Hashable
from pathlib import Path

from bridge.vault.aliases import given_alias, is_alias
from bridge.vault.files import private_folder, replace_file
from bridge.vault.keyring import PREFIX, Keyring
from bridge.vault.lock import writing
from core.errors import AccountNotConfiguredError, CaptureUnreadableError, StoreError, VaultKeyError

CAPTURE_FILE = "chatgpt-request.txt"
"""The capture's file name, in the folder that bears the account's alias."""

_SETTINGS_FILE = "settings.json"


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

    def aliases(self) -> list[str]:
        """Every account that has a capture, in alphabetical order."""
        return sorted(alias for alias, *_ in self.signature())

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
        while True:
            key = self.key_signature()
            try:
                return self._read(alias)
            except CaptureUnreadableError:
                # The key was changed between the reading of the file and that of the key.
                if self.key_signature() == key:
                    raise

    def _read(self, alias: str) -> str:
        try:
            stored = self._file(alias).read_bytes().decode()
        except (FileNotFoundError, NotADirectoryError):
            raise AccountNotConfiguredError(f"account {alias!r} has no capture") from None
        except OSError as error:
            raise CaptureUnreadableError(f"the capture of {alias!r} cannot be read: {error.strerror}") from error
        except UnicodeDecodeError:
            raise CaptureUnreadableError(f"the capture of {alias!r} is not text") from None
        if not stored.startswith(PREFIX):
            return stored
        try:
            return self.keyring.decrypt(stored)
        except VaultKeyError as error:
            raise CaptureUnreadableError(f"the capture of {alias!r} cannot be opened: {error.message}") from error

    def write(self, alias: str, text: str) -> None:
        """Store the capture, encrypted; a reader sees the old one or the new one.

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
            replace_file(file, encrypted.encode())

    def delete(self, alias: str) -> bool:
        """Remove the capture and the web settings beside it; returns whether there was one.

        The folder goes when nothing else lies in it.

        Raises:
            StoreError: the file cannot be removed.
        """
        file = self._file(alias)
        try:
            with writing(self._folder):
                existed = file.exists()
                file.unlink(missing_ok=True)
                file.with_name(_SETTINGS_FILE).unlink(missing_ok=True)
                if file.parent.is_dir() and not any(file.parent.iterdir()):
                    file.parent.rmdir()
        except OSError as error:
            raise StoreError(f"the capture of {alias!r} cannot be removed: {error.strerror}") from error
        return existed

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
