"""The ring of keys that Temporal's payloads are encrypted with."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import Lock

from bridge.vault.files import create_file, private_folder
from core.errors import VaultKeyError

_FILE = ".payload-keys.json"
_KEY_BYTES = 32


class PayloadRing:
    """Random data keys, each wrapped by the keyring's key: `{"current": id, "keys": {id: wrapped}}`.

    Payloads outlive a change of passphrase, because only the wrapping changes then. No key ever leaves the ring, since
    a history may need it for as long as Temporal keeps it.
    """

    def __init__(self, folder: Path, *, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> None:
        self._folder = folder
        self._encrypt = encrypt
        self._decrypt = decrypt
        self._lock = Lock()
        self._current: str | None = None
        self._keys: dict[str, bytes] = {}

    def key(self, key_id: str | None) -> tuple[str, bytes]:
        """The named key, or the current one; makes the ring when there is none.

        Raises:
            VaultKeyError: the ring does not hold the key, or cannot be opened.
        """
        with self._lock:
            if (key_id or self._current) not in self._keys:
                self._load(make=key_id is None)
            wanted = key_id or self._current
            if wanted is None or wanted not in self._keys:
                raise VaultKeyError(f"{_FILE} holds no key {wanted!r}")
            return wanted, self._keys[wanted]

    def check(self) -> None:
        """Open the ring, if there is one.

        Raises:
            VaultKeyError: it cannot be opened.
        """
        with self._lock:
            self._load(make=False)

    def _load(self, *, make: bool) -> None:
        if make and not self._file.exists():
            self._create()
        try:
            ring = json.loads(self._file.read_bytes())
            current, wrapped = str(ring["current"]), dict(ring["keys"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise VaultKeyError(f"{_FILE} cannot be read") from error
        self._keys = {key_id: base64.b64decode(self._decrypt(text)) for key_id, text in wrapped.items()}
        self._current = current

    def _create(self) -> None:
        key_id = secrets.token_hex(8)
        wrapped = self._encrypt(base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii"))
        private_folder(self._folder)
        # When another process was first, its ring is the one that counts.
        create_file(self._file, json.dumps({"current": key_id, "keys": {key_id: wrapped}}).encode())

    @property
    def _file(self) -> Path:
        return self._folder / _FILE
