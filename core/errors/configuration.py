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
    action = (
        "Start with the passphrase or key file the captures are encrypted with; since a `secrets rotate` that is the "
        "new one: set or unset CHATGPT_SECRETS_PASSPHRASE."
    )


class ImportSourceError(ConfigurationError):
    """What `import` was given is no folder of the older bridge, or cannot be read."""

    code = "import_source_unusable"
    action = (
        "Name the folder that holds `secrets/accounts` and `outputs`, or its parts with --from-accounts and the like."
    )


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
