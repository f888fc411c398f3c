"""The ring of keys that Temporal's payloads are encrypted with."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from bridge.vault.files import create_file
from bridge.vault.lock import writing
from bridge.vault.master import read_file
from core.errors import VaultKeyError
from core.logging import get_logger

RING_FILE = ".payload-keys.json"

_log = get_logger(__name__)
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class StoredRing:
    """The ring as it lies on the disk: each key by its id, wrapped, and the id of the one to encrypt with."""

    current: str
    wrapped: Mapping[str, str]

    @classmethod
    def read(cls, folder: Path) -> StoredRing | None:
        """The folder's ring, if there is one.

        Raises:
            VaultKeyError: it is damaged or cannot be read.
        """
        content = read_file(folder / RING_FILE)
        if content is None:
            return None
        try:
            ring = json.loads(content)
            return cls(str(ring["current"]), {str(id_): str(key) for id_, key in dict(ring["keys"]).items()})
        except (ValueError, KeyError, TypeError) as error:
            raise VaultKeyError(f"{RING_FILE} cannot be read") from error

    def content(self) -> bytes:
        """What its file holds."""
        return json.dumps({"current": self.current, "keys": dict(self.wrapped)}).encode()

    def with_fresh(self, encrypt: Callable[[str], str]) -> StoredRing:
        """A ring that encrypts with a key of its own from now on, and still holds all the others."""
        key_id, wrapped = fresh_key(encrypt)
        return StoredRing(key_id, {**self.wrapped, key_id: wrapped})


def fresh_key(encrypt: Callable[[str], str]) -> tuple[str, str]:
    """The id of a new random key, and the key wrapped."""
    return secrets.token_hex(8), encrypt(base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii"))


class PayloadRing:
    """Random data keys, each wrapped by the keyring's key: `{"current": id, "keys": {id: wrapped}}`.

    Payloads outlive a change of passphrase, because only the wrapping changes then. No key ever leaves the ring, since
    a history may need it for as long as Temporal keeps it.
    """

    def __init__(self, folder: Path, *, encrypt: Callable[[str], str], decrypt: Callable[[str], str]) -> None:
        self._folder = folder
        self._file = str(folder / RING_FILE)
        self._encrypt = encrypt
        self._decrypt = decrypt
        self._lock = Lock()
        self._current: str | None = None
        self._keys: dict[str, bytes] = {}
        self._stamp: tuple[int, int] | None = None

    def key(self, key_id: str | None) -> tuple[str, bytes]:
        """The named key, or the current one; makes the ring when there is none.

        Raises:
            VaultKeyError: the ring does not hold the key, or cannot be opened.
        """
        with self._lock:
            if key_id is None:
                self._refresh()
            elif key_id not in self._keys:
                self._load()
            wanted = key_id or self._current
            if wanted is None or wanted not in self._keys:
                raise VaultKeyError(f"{RING_FILE} holds no key {wanted!r}")
            return wanted, self._keys[wanted]

    def check(self) -> None:
        """Open the ring, if there is one.

        Raises:
            VaultKeyError: it cannot be opened.
        """
        with self._lock:
            self._load()

    def _refresh(self) -> None:
        """See which key is the current one; a ring that was changed meanwhile is read again."""
        stamp = self._look()
        if stamp is not None and stamp == self._stamp:
            return
        try:
            self._load(make=True)
        except VaultKeyError as error:
            if self._current is None:
                raise
            # Whoever has the changed ring has this process's key as well: what it encrypts stays readable.
            _log.warning("payload_keys_not_refreshed", reason=error.message)
            self._stamp = stamp

    def _load(self, *, make: bool = False) -> None:
        stamp = self._look()
        ring = StoredRing.read(self._folder)
        if ring is None and make:
            self._create()
            stamp, ring = self._look(), StoredRing.read(self._folder)
        if ring is None:
            return
        try:
            keys = {key_id: base64.b64decode(self._decrypt(text)) for key_id, text in ring.wrapped.items()}
        except VaultKeyError:
            if self._look() == stamp:
                raise
            # The folder's key was changed between the two readings.
            return self._load()
        self._keys, self._current, self._stamp = keys, ring.current, stamp

    def _create(self) -> None:
        with writing(self._folder):
            key_id, wrapped = fresh_key(self._encrypt)
            # When another process was first, its ring is the one that counts.
            create_file(self._folder / RING_FILE, StoredRing(key_id, {key_id: wrapped}).content())

    def _look(self) -> tuple[int, int] | None:
        try:
            status = os.stat(self._file)
        except OSError:
            return None
        return status.st_ino, status.st_mtime_ns
