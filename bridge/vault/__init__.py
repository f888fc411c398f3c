"""The only keys: captures at rest and the keys of Temporal's payloads."""

from bridge.vault.captures import Vault
from bridge.vault.keyring import Keyring

__all__ = ["Keyring", "Vault"]
