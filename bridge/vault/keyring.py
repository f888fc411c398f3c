"""The key that everything at rest is encrypted with: from a passphrase, or from the key file."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Hashable
from pathlib import Path
from threading import Lock

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from bridge.vault.files import create_file, private_folder
from bridge.vault.payloads import PayloadRing
from core.errors import VaultKeyError

PREFIX = "enc:v1:"
"""Begins every encrypted text; the rest is one Fernet token."""

_KEY_FILE = ".master.key"
_SALT_FILE = ".master.salt"
_SALT_BYTES = 16
_ITERATIONS = 600_000


class Keyring:
    """Encrypts and decrypts texts with the folder's key. A passphrase wins over the key file.

    Deriving a key takes a third of a second, so it is done once for each salt. Safe to use from several threads.
    """

    def __init__(self, folder: Path, passphrase: str | None = None) -> None:
        self._folder = folder
        self._stamped = (str(self._key_file), str(self._salt_file))
        self._passphrase = (passphrase or "").strip()
        self._lock = Lock()
        self._derived: tuple[bytes, Fernet] | None = None
        self._payloads = PayloadRing(folder, encrypt=self.encrypt, decrypt=self.decrypt)

    def encrypt(self, text: str) -> str:
        """`enc:v1:` and a Fernet token. Makes the key file or the salt when there is none yet."""
        if self._passphrase:
            material = self._material(self._salt_file, lambda: os.urandom(_SALT_BYTES))
        else:
            material = self._material(self._key_file, Fernet.generate_key)
        return PREFIX + self._fernet(material).encrypt(text.encode()).decode("ascii")

    def decrypt(self, text: str) -> str:
        """The text of what `encrypt` made. Makes no key: what it could open does not exist.

        Raises:
            VaultKeyError: the key file or salt is missing, or this key does not open the text.
        """
        file = self._salt_file if self._passphrase else self._key_file
        material = _read(file)
        if material is None:
            raise VaultKeyError(f"the accounts folder has no {file.name}, and no other key was given")
        try:
            return self._fernet(material).decrypt(text.removeprefix(PREFIX).strip()).decode()
        except (InvalidToken, UnicodeDecodeError):
            with_what = "passphrase" if self._passphrase else "key file"
            raise VaultKeyError(f"the {with_what} does not open what was encrypted") from None

    def signature(self) -> Hashable:
        """What changes whenever the key material on the disk does."""
        return _stamp(self._stamped[0]), _stamp(self._stamped[1])

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

    @property
    def _key_file(self) -> Path:
        return self._folder / _KEY_FILE

    @property
    def _salt_file(self) -> Path:
        return self._folder / _SALT_FILE

    def _material(self, file: Path, make: Callable[[], bytes]) -> bytes:
        existing = _read(file)
        if existing is not None:
            return existing
        private_folder(self._folder)
        create_file(file, make())
        # Whoever was first: both processes go on with the same material.
        return file.read_bytes()

    def _fernet(self, material: bytes) -> Fernet:
        with self._lock:
            if self._derived is None or self._derived[0] != material:
                self._derived = (material, self._make(material))
            return self._derived[1]

    def _make(self, material: bytes) -> Fernet:
        if self._passphrase:
            derivation = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=material, iterations=_ITERATIONS)
            return Fernet(base64.urlsafe_b64encode(derivation.derive(self._passphrase.encode())))
        try:
            return Fernet(material.strip())
        except ValueError:
            raise VaultKeyError(f"{_KEY_FILE} does not hold a key") from None


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultKeyError(f"{file.name} cannot be read: {error.strerror}") from error


def _stamp(file: str) -> tuple[int, int] | None:
    try:
        status = os.stat(file)
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
