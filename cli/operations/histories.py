"""Where histories are read from, and the keys that open them: the bridge's own settings on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bridge.vault.blobs import PayloadBlobs
    from bridge.vault.keyring import Keyring
    from core.settings import TemporalSettings


def history_source() -> tuple[TemporalSettings, Keyring, PayloadBlobs]:
    """Temporal's address, the keys of its payloads and where the large ones lie.

    Raises:
        SettingError: a variable's value is wrong.
        VaultKeyError: the passphrase or key file does not open the keys.
    """
    from bridge.vault import Vault
    from bridge.vault.blobs import PayloadBlobs
    from core.settings import AccountsSettings, StorageSettings, TemporalSettings, load

    keyring = Vault.of(load(AccountsSettings)).keyring
    return load(TemporalSettings), keyring, PayloadBlobs(load(StorageSettings).payloads_dir)
