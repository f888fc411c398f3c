"""The operator's own API key: set, or made at the first start."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from bridge.vault.files import create_file, private_folder
from core.errors import SettingError, StoreError
from core.settings import ServerSettings, StorageSettings

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class ApiKey:
    """The key; `made_in` is the file that this start has made for it, to be shown once."""

    value: str = field(repr=False)
    made_in: Path | None = None


def ensure_api_key(server: ServerSettings, storage: StorageSettings) -> ApiKey:
    """The key that is set, else the one in the data folder, which is made when it is missing.

    Raises:
        SettingError: the file can be neither read nor written, or is empty.
    """
    given = server.api_key.get_secret_value().strip() if server.api_key else ""
    if given:
        return ApiKey(given)
    file = storage.api_key_file
    try:
        private_folder(file.parent)
        made = not file.exists() and create_file(file, f"{secrets.token_urlsafe(_KEY_BYTES)}\n".encode())
        value = file.read_text(encoding="ascii").strip()
        file.chmod(0o600)
    except (OSError, UnicodeError, StoreError) as error:
        raise SettingError(f"CHATGPT_DATA_DIR: the API key's file {file} cannot be used: {error}") from None
    if not value:
        raise SettingError(f"CHATGPT_DATA_DIR: the API key's file {file} is empty; delete it and a new key is made")
    return ApiKey(value, file if made else None)
