"""The folder's key: where it comes from, and the record of its last change while that is not finished."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from core.errors import VaultKeyError

KEY_FILE = ".master.key"
SALT_FILE = ".master.salt"
ROTATION_FILE = ".master.rotation"

_SALT_BYTES = 16
_ITERATIONS = 600_000


@dataclass(frozen=True, slots=True)
class Material:
    """What the key is made of.

    Attributes:
        by_passphrase: whether a passphrase makes it; else it lies in the key file.
        content: the salt, or the key itself.
    """

    by_passphrase: bool
    content: bytes

    @classmethod
    def fresh(cls, *, by_passphrase: bool) -> Material:
        """Material that no key was ever made of."""
        return cls(by_passphrase, os.urandom(_SALT_BYTES) if by_passphrase else Fernet.generate_key())

    @property
    def file(self) -> str:
        """The name of the file that holds it."""
        return SALT_FILE if self.by_passphrase else KEY_FILE

    def key(self, passphrase: str) -> bytes:
        """The key itself, as Fernet takes it; with a passphrase this takes a third of a second.

        Raises:
            VaultKeyError: what lies in the key file is no key.
        """
        if self.by_passphrase:
            derivation = PBKDF2HMAC(algorithm=SHA256(), length=32, salt=self.content, iterations=_ITERATIONS)
            return base64.urlsafe_b64encode(derivation.derive(passphrase.encode()))
        key = self.content.strip()
        try:
            Fernet(key)
        except ValueError:
            raise VaultKeyError(f"{KEY_FILE} does not hold a key") from None
        return key


@dataclass(frozen=True, slots=True)
class Rotation:
    """A change of the key that is decided and not finished: some files are still encrypted with the former key.

    Its file is the one thing that makes the new key the valid one. Whoever has the new key has the former one too.

    Attributes:
        material: of the new key; counts instead of the key file and the salt.
        former: the key before, encrypted with the new one; nothing at all, encrypted, where there was none.
    """

    material: Material
    former: str

    @classmethod
    def read(cls, folder: Path) -> Rotation | None:
        """The change that is not finished, if there is one.

        Raises:
            VaultKeyError: its file cannot be read.
        """
        content = read_file(folder / ROTATION_FILE)
        if content is None:
            return None
        try:
            stored = json.loads(content)
            material = Material(bool(stored["by_passphrase"]), base64.b64decode(stored["material"]))
            return cls(material, str(stored["former"]))
        except (ValueError, KeyError, TypeError):
            raise VaultKeyError(f"{ROTATION_FILE} is damaged") from None

    def content(self) -> bytes:
        """What its file holds."""
        material = base64.b64encode(self.material.content).decode("ascii")
        stored = {"by_passphrase": self.material.by_passphrase, "material": material, "former": self.former}
        return json.dumps(stored).encode()


def read_file(file: Path) -> bytes | None:
    """A file's bytes, `None` when it is not there.

    Raises:
        VaultKeyError: it is there and cannot be read.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise VaultKeyError(f"{file.name} cannot be read: {error.strerror}") from error
