"""The operator's own secrets: the first API key, set or made at the first start, and the key that signs links."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from bridge.vault.files import create_file, private_folder
from core.errors import SettingError, StoreError
from core.settings import ServerSettings, StorageSettings

_KEY_BYTES = 32
_SHORTEST_STRONG = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The key; `made_in` is the file that this start has made for it, to be shown once.

    `digest` is its SHA-256, which a request's key is compared by.
    """

    value: str = field(repr=False)
    made_in: Path | None = None
    digest: bytes = field(init=False, repr=False, compare=False)

    @property
    def guessable(self) -> bool:
        """Whether it is so short that trying keys may lead to it."""
        return len(self.value) < _SHORTEST_STRONG

    def __post_init__(self) -> None:
        object.__setattr__(self, "digest", sha256(self.value.encode()).digest())


def ensure_api_key(server: ServerSettings, storage: StorageSettings) -> ApiKey:
    """The key that is set, else the one in the data folder, which is made when it is missing.

    Raises:
        SettingError: the file can be neither read nor written, or is empty.
    """
    given = server.api_key.get_secret_value().strip() if server.api_key else ""
    if given:
        return ApiKey(given)
    value, made = _kept(storage.api_key_file, "API key's")
    return ApiKey(value, storage.api_key_file if made else None)


def ensure_link_key(storage: StorageSettings) -> bytes:
    """The secret that download links are signed with, made when it is missing.

    Raises:
        SettingError: as `ensure_api_key`.
    """
    value, _ = _kept(storage.link_key_file, "link key's")
    return value.encode()


def _kept(file: Path, what: str) -> tuple[str, bool]:
    """The secret in a file, and whether this call has made it."""
    try:
        private_folder(file.parent)
        made = not file.exists() and create_file(file, f"{secrets.token_urlsafe(_KEY_BYTES)}\n".encode())
        value = file.read_text(encoding="ascii").strip()
        file.chmod(0o600)
    except (OSError, UnicodeError, StoreError) as error:
        raise SettingError(f"CHATGPT_DATA_DIR: the {what} file {file} cannot be used: {error}") from None
    if not value:
        raise SettingError(f"CHATGPT_DATA_DIR: the {what} file {file} is empty; delete it and a new key is made")
    return value, made
