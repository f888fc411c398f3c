"""Who may write the accounts folder: everybody together, or one change of its key alone."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bridge.vault.files import private_folder
from core.errors import StoreError

_FILE = ".master.lock"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Held by whoever encrypts something and puts it in place: the folder's key stays what it is meanwhile.

    Waits for a change of the key, which takes a second. Ends with the process, however that ends.

    Raises:
        StoreError: the folder cannot be written.
    """
    with _locked(folder, fcntl.LOCK_SH):
        yield


@contextmanager
def changing_key(folder: Path) -> Iterator[None]:
    """Held by whoever changes the folder's key; waits for those who write.

    Raises:
        StoreError: the folder cannot be written.
    """
    with _locked(folder, fcntl.LOCK_EX):
        yield


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    private_folder(folder)
    try:
        descriptor = os.open(folder / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise StoreError(f"the accounts folder cannot be written: {error.strerror}") from error
    try:
        fcntl.flock(descriptor, how)
        yield
    finally:
        os.close(descriptor)
