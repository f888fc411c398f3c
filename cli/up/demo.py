"""What is different in `up --demo`: folders of its own, the simulator upstream, accounts of invented people."""

from __future__ import annotations

from collections.abc import MutableMapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from cli.up.lock import FolderLock
from core.errors import DataFolderLockedError

if TYPE_CHECKING:
    from integrations.client import BridgeClient

_MOST = 20


@dataclass(frozen=True)
class DemoFolder:
    """The demo's own folder, locked, with `data`, `accounts` and `captures` in it."""

    root: Path
    lock: FolderLock

    @property
    def data(self) -> Path:
        """Database, files, logs."""
        return self.root / "data"

    @property
    def accounts(self) -> Path:
        """The demo's accounts; `secrets/accounts` is never opened."""
        return self.root / "accounts"

    @property
    def captures(self) -> Path:
        """Where the simulator writes the captures of its accounts."""
        return self.root / "captures"


def take_folder(base: Path) -> DemoFolder:
    """`.demo` in `base`, or `.demo-2`, `.demo-3` while others run their demo there.

    Raises:
        DataFolderLockedError: twenty demos run here.
    """
    for number in count(1):
        root = base / (".demo" if number == 1 else f".demo-{number}")
        try:
            return DemoFolder(root.absolute(), FolderLock.take(root / "data"))
        except DataFolderLockedError:
            if number >= _MOST:
                raise
    raise AssertionError("count() never ends")


def enter(folder: DemoFolder, environment: MutableMapping[str, str]) -> None:
    """Take out of `environment` what names the operator's own accounts, data and addresses, and put the demo's in.

    Ports, a key, log settings and a Temporal server of the operator's choice stay; on such a server the demo has a task
    queue of its own, so that no other worker takes its work.
    """
    from core.settings import AccountsSettings, StorageSettings, variables

    for area in (AccountsSettings, StorageSettings):
        for field in area.model_fields:
            for name in variables(area, field):
                environment.pop(name, None)
    environment.pop("CHATGPT_PUBLIC_BASE_URL", None)
    environment["CHATGPT_DATA_DIR"] = str(folder.data)
    environment["CHATGPT_ACCOUNTS_DIR"] = str(folder.accounts)
    environment["CHATGPT_TEMPORAL_TASK_QUEUE"] = f"chatgpt-bridge-demo-{sha256(bytes(folder.root)).hexdigest()[:12]}"


def add_accounts(client: BridgeClient, folder: DemoFolder) -> tuple[str, ...]:
    """Add every account of the simulator the way an operator adds one; returns their aliases."""
    aliases = []
    for capture in sorted(folder.captures.glob("*.txt")):
        client.save_capture(capture.stem, capture.read_text(encoding="utf-8"), replace=True)
        aliases.append(capture.stem)
    return tuple(aliases)
