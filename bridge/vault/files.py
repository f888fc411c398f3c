"""Small secret files: owner-only, replaced whole or not at all, on the disk when the call returns."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path

from core.errors import StoreError

_DRAFT = re.compile(r"\..+\.[0-9a-f]{12}\.tmp")


def private_folder(folder: Path) -> None:
    """Make the folder, mode 0700, whatever it was before.

    Raises:
        StoreError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise StoreError(f"the accounts folder cannot be written: {error.strerror}") from error


def replace_file(target: Path, content: bytes) -> None:
    """Write `content` as `target`; a reader sees the old bytes or the new ones.

    Raises:
        StoreError: the disk refuses; the old file is untouched.
    """
    _publish(target, content, exclusive=False)


def create_file(target: Path, content: bytes) -> bool:
    """Write `content` as `target` unless it exists; returns whether this call made it.

    Two processes that try at once both find the same whole file afterwards.

    Raises:
        StoreError: the disk refuses.
    """
    return _publish(target, content, exclusive=True)


def swap_files(one: Path, other: Path, content: bytes | None) -> None:
    """Put `other` in the place of `one`, and `content`, which `one` holds, in that of `other`.

    At every moment `one` is a whole file; a death in the middle loses at most `content`.

    Args:
        content: `None` where `one` is not there: then `other` is not there afterwards.

    Raises:
        StoreError: the disk refuses.
    """
    draft = _draft(other)
    try:
        if content is not None:
            status = one.stat()
            _write(draft, content)
            os.utime(draft, ns=(status.st_atime_ns, status.st_mtime_ns))
        os.replace(other, one)
        if content is not None:
            os.replace(draft, other)
        _sync_folder(one.parent)
    except OSError as error:
        raise StoreError(f"the accounts folder cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def remove_file(target: Path) -> None:
    """Let nothing lie there, also after a power cut; a file that is gone already is as well.

    Raises:
        StoreError: the disk refuses.
    """
    try:
        target.unlink(missing_ok=True)
        _sync_folder(target.parent)
    except OSError as error:
        raise StoreError(f"{target.name} cannot be removed: {error.strerror}") from error


def remove_drafts(folder: Path) -> None:
    """Remove what a death has left half written; for whoever knows that nobody writes here now.

    Raises:
        StoreError: the disk refuses.
    """
    try:
        for path in folder.iterdir():
            if is_draft(path):
                path.unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"the accounts folder cannot be written: {error.strerror}") from error


def is_draft(path: Path) -> bool:
    """Whether it is a file that is not written to its end yet, or never was."""
    return _DRAFT.fullmatch(path.name) is not None


def _publish(target: Path, content: bytes, *, exclusive: bool) -> bool:
    temporary = _draft(target)
    try:
        _write(temporary, content)
        if exclusive:
            os.link(temporary, target)
        else:
            os.replace(temporary, target)
        _sync_folder(target.parent)
    except FileExistsError:
        return False
    except OSError as error:
        raise StoreError(f"the accounts folder cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
    return True


def _draft(target: Path) -> Path:
    return target.with_name(f".{target.name}.{secrets.token_hex(6)}.tmp")


def _write(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
