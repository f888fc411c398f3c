"""The operator's configuration is at fault; the process that reads it does not start."""

from __future__ import annotations

from core.errors.base import BridgeError, Fault


class ConfigurationError(BridgeError):
    """Something the operator set cannot be used."""

    fault = Fault.CONFIGURATION


class SettingError(ConfigurationError):
    """A setting's value is wrong; the message is one line that names the variable."""

    code = "invalid_setting"
    action = "Correct the variable; docs/settings.md lists all of them."


class VaultKeyError(ConfigurationError):
    """The key file or passphrase does not open the captures."""

    code = "vault_key_mismatch"
    action = "Start with the passphrase or key file the captures were encrypted with."


class TemporalBinaryMissingError(ConfigurationError):
    """Temporal's server binary can be neither found, downloaded nor built."""

    code = "temporal_binary_missing"
    action = "Install the Temporal CLI, or name it in CHATGPT_TEMPORAL_CLI, or a server in CHATGPT_TEMPORAL_ADDRESS."


class DataFolderLockedError(ConfigurationError):
    """Another process runs on the same data folder; the message says which."""

    code = "data_folder_locked"
    action = "Stop the other process, or choose another CHATGPT_DATA_DIR."


class PortInUseError(ConfigurationError):
    """A port is taken."""

    code = "port_in_use"
    action = "Choose another port, or 0 for any free one."
