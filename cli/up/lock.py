"""One supervisor a data folder."""

from __future__ import annotations

import fcntl
import json
import os
from pathlib import Path
from typing import IO

from core.clock import utc_now
from core.errors import DataFolderLockedError

_NAME = ".up.lock"


class FolderLock:
    """Holds a data folder until it is closed or the process ends, however that ends."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file

    @classmethod
    def take(cls, folder: Path) -> FolderLock:
        """Make `folder`, owner-only, and lock it.

        Raises:
            DataFolderLockedError: another process holds it; the message says which and since when.
        """
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = os.fdopen(os.open(folder / _NAME, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(file)
            file.close()
            raise DataFolderLockedError(f"{folder} is in use by `chatgpt-api up` ({holder})") from None
        file.truncate()
        json.dump({"pid": os.getpid(), "since": utc_now().isoformat(timespec="seconds")}, file)
        file.flush()
        return cls(file)

    def close(self) -> None:
        """Let the folder go."""
        self._file.close()


def _holder(file: IO[str]) -> str:
    try:
        held = json.loads(file.read())
        return f"process {held['pid']}, since {held['since']}"
    except (ValueError, KeyError, TypeError):
        return "a process that is just starting"
