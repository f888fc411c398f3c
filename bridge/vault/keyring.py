"""The key that everything at rest is encrypted with: from a passphrase, or from the key file."""

from __future__ import annotations

import os
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from cryptography.fernet import Fernet, InvalidToken

from bridge.vault.files import create_file, private_folder
from bridge.vault.master import KEY_FILE, ROTATION_FILE, SALT_FILE, Material, Rotation, read_file
from bridge.vault.payloads import PayloadRing
from core.errors import VaultKeyError

PREFIX = "enc:v1:"
"""Begins every encrypted text; the rest is one Fernet token."""


@dataclass(frozen=True, slots=True)
class _Opened:
    """The keys in force. `former` opens what an unfinished change of the key has not encrypted anew yet."""

    made_of: tuple[Material, str | None]
    current: Fernet
    former: Fernet | None


class Keyring:
    """Encrypts and decrypts texts with the folder's key. A passphrase wins over the key file.

    Deriving a key takes a third of a second, so it is done once for each salt. A key file that another process changes
    counts from the next call on. Safe to use from several threads.

    Attributes:
        by_passphrase: whether a passphrase was given.
    """

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self._folder = folder
        self._stamped = tuple(str(folder / name) for name in (KEY_FILE, SALT_FILE, ROTATION_FILE))
        self._passphrase = (passphrase or "").strip()
        self.by_passphrase = bool(self._passphrase)
        self._lock = Lock()
        self._opened: _Opened | None = None
        self._payloads = PayloadRing(folder, encrypt=self.encrypt, decrypt=self.decrypt)

    def encrypt(self, text: str) -> str:
        """`enc:v1:` and a Fernet token. Makes the key file or the salt when there is none yet.

        What is put into the folder with it is put there within the same `bridge.vault.lock.writing`.

        Raises:
            VaultKeyError: the folder's key was changed to one that this keyring was not given.
        """
        opened = self._open(make=True)
        return PREFIX + opened.current.encrypt(text.encode()).decode("ascii")

    def decrypt(self, text: str) -> str:
        """The text of what `encrypt` made. Makes no key: what it could open does not exist.

        Raises:
            VaultKeyError: the key file or salt is missing, or this key does not open the text.
        """
        opened = self._open(make=False)
        token = text.removeprefix(PREFIX).strip()
        for fernet in (opened.current, opened.former):
            try:
                if fernet is not None:
                    return fernet.decrypt(token).decode()
            except (InvalidToken, ValueError):
                continue
        raise self._wrong()

    def signature(self) -> Hashable:
        """What changes whenever the key material on the disk does."""
        return tuple(_stamp(file) for file in self._stamped)

    def payload_key(self, key_id: str | None = None) -> tuple[str, bytes]:
        """A key of 32 random bytes for payloads of Temporal, wrapped at rest by this keyring's own.

        Args:
            key_id: the key a payload names; `None` for the one to encrypt with now.

        Returns:
            The key's id and its bytes.

        Raises:
            VaultKeyError: no such key, also after the ring was read again, or this keyring does not open the ring.
        """
        return self._payloads.key(key_id)

    def check(self) -> None:
        """See whether this keyring opens the ring of payload keys, if there is one.

        Raises:
            VaultKeyError: it does not.
        """
        self._payloads.check()

    def key(self) -> bytes | None:
        """The key, as Fernet takes it, `None` before the first one; for a change of the key, and for nothing else.

        Raises:
            VaultKeyError: it is damaged, or the folder's key is of the other kind.
        """
        material = self._found()
        return None if material is None else material.key(self._passphrase)

    def current(self) -> Fernet:
        """The key in force alone, which opens nothing that waits for an unfinished change of the key.

        Raises:
            VaultKeyError: there is none, or this keyring was not given it.
        """
        return self._open(make=False).current

    def _open(self, *, make: bool) -> _Opened:
        rotation = Rotation.read(self._folder)
        material = self._material(make=make) if rotation is None else self._of(rotation)
        made_of = (material, rotation.former if rotation else None)
        with self._lock:
            if self._opened is None or self._opened.made_of != made_of:
                self._opened = self._derive(made_of)
            return self._opened

    def _derive(self, made_of: tuple[Material, str | None]) -> _Opened:
        material, former = made_of
        known = self._opened
        current = known.current if known and known.made_of[0] == material else Fernet(material.key(self._passphrase))
        if former is None:
            return _Opened(made_of, current, None)
        try:
            key = current.decrypt(former.removeprefix(PREFIX))
        except InvalidToken:
            raise self._wrong() from None
        return _Opened(made_of, current, Fernet(key) if key else None)

    def _of(self, rotation: Rotation) -> Material:
        if rotation.material.by_passphrase == self.by_passphrase:
            return rotation.material
        raise self._other(by_passphrase=rotation.material.by_passphrase)

    def _material(self, *, make: bool) -> Material:
        material = self._found(make=make)
        if material is None:
            raise VaultKeyError(f"the accounts folder has no {self._own.name}, and no other key was given")
        return material

    def _found(self, *, make: bool = False) -> Material | None:
        content = read_file(self._own)
        if content is None and make:
            private_folder(self._folder)
            create_file(self._own, Material.fresh(by_passphrase=self.by_passphrase).content)
            # Whoever was first: both processes go on with the same material.
            content = self._own.read_bytes()
        if content is not None:
            return Material(self.by_passphrase, content)
        if read_file(self._folder / (KEY_FILE if self.by_passphrase else SALT_FILE)) is not None:
            raise self._other(by_passphrase=not self.by_passphrase)
        return None

    @property
    def _own(self) -> Path:
        return self._folder / (SALT_FILE if self.by_passphrase else KEY_FILE)

    def _wrong(self) -> VaultKeyError:
        return VaultKeyError(
            f"the {'passphrase' if self.by_passphrase else 'key file'} does not open what was encrypted"
        )

    @staticmethod
    def _other(*, by_passphrase: bool) -> VaultKeyError:
        if by_passphrase:
            return VaultKeyError("the accounts folder is encrypted with a passphrase, and none was given")
        return VaultKeyError("the accounts folder is encrypted with its key file, but a passphrase was given")


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
