"""Encrypts what leaves for Temporal, and what the database keeps sealed: AES-256-GCM with the ring's keys."""

from __future__ import annotations

import base64
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from core.errors import VaultKeyError

_NONCE_BYTES = 12
_SEALED = "ring:v1:"


class PayloadKeys(Protocol):
    """Where the keys come from; `bridge.vault.keyring.Keyring` is one."""

    def payload_key(self, key_id: str | None = None) -> tuple[str, bytes]:
        """The named key, or the one to encrypt with now, with its id."""


class PayloadCipher:
    """Encrypts and decrypts bytes. The id of the key is bound to what it encrypted."""

    def __init__(self, keys: PayloadKeys) -> None:
        self._keys = keys

    def encrypt(self, content: bytes) -> tuple[str, bytes]:
        """The id of the key, and nonce and cipher text.

        Raises:
            VaultKeyError: there is no key, or the ring does not open.
        """
        key_id, key = self._keys.payload_key()
        nonce = os.urandom(_NONCE_BYTES)
        return key_id, nonce + AESGCM(key).encrypt(nonce, content, key_id.encode())

    def decrypt(self, key_id: str, sealed: bytes) -> bytes:
        """What `encrypt` was given.

        Raises:
            VaultKeyError: the ring does not hold the key, or this is not what the key encrypted.
        """
        _, key = self._keys.payload_key(key_id)
        try:
            return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], key_id.encode())
        except (InvalidTag, ValueError):
            raise VaultKeyError(f"a payload was not encrypted with the key {key_id!r} that it names") from None

    def seal(self, text: str) -> str:
        """A text as one word that can be kept anywhere, and that names its key.

        Raises:
            VaultKeyError: as `encrypt`.
        """
        key_id, sealed = self.encrypt(text.encode())
        return f"{_SEALED}{key_id}:{base64.b64encode(sealed).decode('ascii')}"

    def unseal(self, word: str) -> str:
        """What `seal` was given.

        Raises:
            VaultKeyError: as `decrypt`, or `seal` never made it.
        """
        key_id, _, sealed = word.removeprefix(_SEALED).partition(":")
        try:
            content = base64.b64decode(sealed, validate=True)
        except ValueError:
            raise VaultKeyError("what was kept is not encrypted as the bridge does it") from None
        return self.decrypt(key_id, content).decode()
