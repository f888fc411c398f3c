"""Changing the folder's key: everything is encrypted anew, and one file decides from when on the new key counts.

1. With the key in force, everything is opened once. What it does not open stops the change: nothing is written.
2. The commit: one file (`.master.rotation`) holds what the new key is made of, and the former key encrypted with the
   new one. It is put in place by one rename. Before that the former key opens everything, from then on the new one.
3. Each file is encrypted anew and replaced whole; the ring of payload keys gets a new current key.
4. The key file or the salt is replaced, and the file of step 2 goes.

Whoever opens the folder after a death between 2 and 4 reads everything with the new key, and `finish` does the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken

from bridge.vault.aliases import is_alias
from bridge.vault.captures import CAPTURE_FILE
from bridge.vault.files import is_draft, remove_drafts, remove_file, replace_file
from bridge.vault.keyring import PREFIX, Keyring
from bridge.vault.lock import changing_key
from bridge.vault.master import KEY_FILE, ROTATION_FILE, SALT_FILE, Material, Rotation
from bridge.vault.payloads import RING_FILE, StoredRing
from core.errors import StoreError, VaultKeyError
from core.logging import get_logger

_log = get_logger(__name__)
_PREFIX = PREFIX.encode()


class Change(StrEnum):
    """What a change of the key does to an account's capture."""

    ROTATED = "rotated"
    ENCRYPTED = "encrypted"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Rotated:
    """One account: its capture is encrypted anew, or for the first time, or there is none that could be."""

    alias: str
    change: Change


def rotate(folder: Path, passphrase: str | None, to_passphrase: str | None) -> tuple[Rotated, ...]:
    """Encrypt the folder with a new key; blocks for some seconds, and other writers wait meanwhile.

    Args:
        passphrase: of the key in force; `None` for the key file.
        to_passphrase: of the new key; `None` for a new key file.

    Returns:
        Every account, in alphabetical order.

    Raises:
        VaultKeyError: the key in force does not open everything; nothing was changed.
        StoreError: the folder cannot be written. Before the commit nothing was changed, after it `finish` goes on.
    """
    with changing_key(folder):
        keyring = Keyring(folder, passphrase)
        _finish(folder, keyring)
        found = _examine(folder, keyring)
        if StoredRing.read(folder) is None and all(one.change is Change.SKIPPED for one in found):
            return found
        _commit(folder, keyring.key(), (to_passphrase or "").strip())
        _finish(folder, Keyring(folder, to_passphrase))
        return found


def finish(folder: Path, keyring: Keyring) -> bool:
    """Do the rest of a change of the key that a death has interrupted; returns whether there was one.

    Raises:
        VaultKeyError: `keyring` is not of the new key.
        StoreError: the folder cannot be written; everything stays readable with the new key.
    """
    if Rotation.read(folder) is None:
        return False
    with changing_key(folder):
        return _finish(folder, keyring)


def recover(folder: Path, keyring: Keyring) -> None:
    """At a start: `finish`, if the folder can be written. Else everything stays readable, and a later start does it.

    Raises:
        VaultKeyError: `keyring` is not of the new key.
    """
    try:
        if finish(folder, keyring):
            _log.info("key_change_finished")
    except StoreError as error:
        _log.warning("key_change_not_finished", reason=error.message)


def _commit(folder: Path, former: bytes | None, passphrase: str) -> None:
    _remove_drafts(folder)
    material = Material.fresh(by_passphrase=bool(passphrase))
    new = Fernet(material.key(passphrase))
    wrapped = PREFIX + new.encrypt(former or b"").decode("ascii")
    replace_file(folder / ROTATION_FILE, Rotation(material, wrapped).content())


def _finish(folder: Path, keyring: Keyring) -> bool:
    rotation = Rotation.read(folder)
    if rotation is None:
        return False
    current = keyring.current()
    for file in _encrypted(folder):
        _renew(file, keyring, current)
    _renew_ring(folder, keyring, current)
    _require_current(folder, current)
    replace_file(folder / rotation.material.file, rotation.material.content)
    remove_file(folder / (KEY_FILE if rotation.material.by_passphrase else SALT_FILE))
    remove_file(folder / ROTATION_FILE)
    _remove_drafts(folder)
    return True


def _renew(file: Path, keyring: Keyring, current: Fernet) -> None:
    stored = _read(file)
    if _opens(current, stored):
        return
    text = keyring.decrypt(stored.decode()) if stored.startswith(_PREFIX) else stored.decode()
    status = file.stat()
    replace_file(file, _PREFIX + current.encrypt(text.encode()))
    # When a capture was stored says how old it is.
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))


def _renew_ring(folder: Path, keyring: Keyring, current: Fernet) -> None:
    # Where there is none yet, one is made: it tells a process that has the former key that it is the wrong one.
    ring = StoredRing.read(folder) or StoredRing("", {})
    if ring.wrapped and all(_opens(current, key.encode()) for key in ring.wrapped.values()):
        return
    # All of a ring is wrapped with one key, so the new current key is added once, however often this is begun.
    anew = {key_id: keyring.encrypt(keyring.decrypt(key)) for key_id, key in ring.wrapped.items()}
    replace_file(folder / RING_FILE, StoredRing(ring.current, anew).with_fresh(keyring.encrypt).content())


def _require_current(folder: Path, current: Fernet) -> None:
    """The former key is about to go: what it alone opens would be lost."""
    ring = StoredRing.read(folder)
    kept = [_read(file) for file in _encrypted(folder)]
    kept += [key.encode() for key in ring.wrapped.values()] if ring else []
    if not all(_opens(current, stored) for stored in kept):
        raise StoreError("a file of the accounts folder was not encrypted anew; nothing is lost, begin again")


def _examine(folder: Path, keyring: Keyring) -> tuple[Rotated, ...]:
    """What a change of the key will do, after everything was opened once."""
    keyring.check()
    closed: list[str] = []
    for file in _encrypted(folder):
        stored = _read(file)
        if stored.startswith(_PREFIX) and not _opened_by(keyring, stored):
            closed.append(file.relative_to(folder).as_posix())
    if closed:
        raise VaultKeyError(f"the key does not open {', '.join(closed)}; nothing was changed")
    return tuple(Rotated(alias, _change(folder / alias / CAPTURE_FILE)) for alias in _aliases(folder))


def _change(capture: Path) -> Change:
    if not _is_ours(capture):
        return Change.SKIPPED
    return Change.ROTATED if _read(capture).startswith(_PREFIX) else Change.ENCRYPTED


def _aliases(folder: Path) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if is_alias(path.name) and path.is_dir())
    except OSError as error:
        raise StoreError(f"the accounts folder cannot be read: {error.strerror}") from error


def _encrypted(folder: Path) -> Iterator[Path]:
    """Every file that is encrypted or has to be: captures, and whatever else of an account is."""
    for alias in _aliases(folder):
        yield from (path for path in sorted((folder / alias).rglob("*")) if _is_ours(path))


def _is_ours(path: Path) -> bool:
    """Plain captures of older versions are ours as well, if they are text."""
    if not path.is_file() or is_draft(path):
        return False
    stored = _read(path)
    if stored.startswith(_PREFIX):
        return True
    if path.name != CAPTURE_FILE:
        return False
    try:
        return bool(stored.decode())
    except UnicodeDecodeError:
        return False


def _opens(fernet: Fernet, stored: bytes) -> bool:
    try:
        fernet.decrypt(stored.removeprefix(_PREFIX).strip())
    except InvalidToken:
        return False
    return stored.startswith(_PREFIX)


def _opened_by(keyring: Keyring, stored: bytes) -> bool:
    try:
        keyring.decrypt(stored.decode())
    except (VaultKeyError, UnicodeDecodeError):
        return False
    return True


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise StoreError(f"{file.name} of an account cannot be read: {error.strerror}") from error


def _remove_drafts(folder: Path) -> None:
    for place in (folder, *(folder / alias for alias in _aliases(folder))):
        remove_drafts(place)
