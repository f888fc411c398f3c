"""Captures at rest: compatible with what older versions wrote, owner-only, replaced whole."""

from __future__ import annotations

import base64
import hashlib
import stat
import threading
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bridge.vault import Vault
from bridge.vault.captures import Removed
from core.errors import (
    AccountNotConfiguredError,
    CaptureUnreadableError,
    InvalidRequestError,
    StoreError,
    VaultKeyError,
)

_TEXT = "curl 'https://chatgpt.com/…' -H 'authorization: Bearer x'"


def _place(folder: Path, alias: str, stored: str) -> Path:
    file = folder / alias / "chatgpt-request.txt"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(stored)
    return file


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_plain_capture_of_an_older_version_is_read(tmp_path: Path) -> None:
    _place(tmp_path, "free", _TEXT)
    assert Vault(tmp_path).read("free") == _TEXT
    assert not (tmp_path / ".master.key").exists()


def test_a_capture_that_another_program_encrypted_with_the_key_file_is_read(tmp_path: Path) -> None:
    key = Fernet.generate_key()
    (tmp_path / ".master.key").write_bytes(key + b"\n")
    _place(tmp_path, "plus", "enc:v1:" + Fernet(key).encrypt(_TEXT.encode()).decode() + "\n")
    assert Vault(tmp_path).read("plus") == _TEXT


def test_a_capture_that_another_program_encrypted_with_a_passphrase_is_read(tmp_path: Path) -> None:
    salt = bytes(range(16))
    (tmp_path / ".master.salt").write_bytes(salt)
    key = base64.urlsafe_b64encode(hashlib.pbkdf2_hmac("sha256", b"open sesame", salt, 600_000, 32))
    _place(tmp_path, "plus", "enc:v1:" + Fernet(key).encrypt(_TEXT.encode()).decode())
    # The passphrase wins over a key file that is there, and is trimmed.
    (tmp_path / ".master.key").write_bytes(Fernet.generate_key())
    assert Vault(tmp_path, " open sesame\n").read("plus") == _TEXT


@pytest.mark.parametrize("passphrase", [None, "open sesame"])
def test_what_is_written_is_encrypted_and_read_again(tmp_path: Path, passphrase: str | None) -> None:
    folder = tmp_path / "secrets" / "accounts"
    Vault(folder, passphrase).write("plus", _TEXT)
    file = folder / "plus" / "chatgpt-request.txt"
    assert file.read_text().startswith("enc:v1:")
    assert "Bearer" not in file.read_text()
    assert Vault(folder, passphrase).read("plus") == _TEXT
    material = folder / (".master.salt" if passphrase else ".master.key")
    assert [_mode(folder), _mode(file.parent), _mode(file), _mode(material)] == [0o700, 0o700, 0o600, 0o600]
    assert {path.name for path in folder.iterdir()} == {"plus", material.name, ".master.lock"}
    assert {path.name for path in file.parent.iterdir()} == {"chatgpt-request.txt"}


def test_writing_tightens_what_was_open_to_others(tmp_path: Path) -> None:
    file = _place(tmp_path, "plus", _TEXT)
    file.chmod(0o644)
    file.parent.chmod(0o755)
    Vault(tmp_path).write("plus", "new")
    assert [_mode(file.parent), _mode(file)] == [0o700, 0o600]
    assert Vault(tmp_path).read("plus") == "new"


def test_a_write_that_fails_keeps_the_old_capture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    vault = Vault(tmp_path)
    vault.write("plus", "old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        with pytest.raises(StoreError, match="No space"):
            vault.write("plus", "new")
    assert vault.read("plus") == "old"
    assert [path.name for path in (tmp_path / "plus").iterdir()] == ["chatgpt-request.txt"]


def test_two_writers_of_the_first_capture_share_one_key(tmp_path: Path) -> None:
    names = [f"a{number}" for number in range(8)]
    threads = [threading.Thread(target=lambda name=name: Vault(tmp_path).write(name, name)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [Vault(tmp_path).read(name) for name in names] == names


def test_only_folders_with_a_proper_name_and_a_capture_are_accounts(tmp_path: Path) -> None:
    for alias in ("plus", "a_b-1", "B" * 80, ".hidden", "with space", "-x"):
        _place(tmp_path, alias, _TEXT)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    assert Vault(tmp_path).aliases() == ["B" * 80, "a_b-1", "plus"]
    assert Vault(tmp_path / "missing").aliases() == []


@pytest.mark.parametrize("alias", ["", "../x", "a/b", "-a", "_a", "a b", "ä", "a" * 65, "a\nb"])
def test_a_name_that_is_not_allowed_is_refused_and_writes_nothing(tmp_path: Path, alias: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        Vault(tmp_path).write(alias, _TEXT)
    assert caught.value.param == "account"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("alias", ["nobody", "../outside", ""])
def test_an_account_without_a_capture_is_not_configured(tmp_path: Path, alias: str) -> None:
    _place(tmp_path, "outside", _TEXT)
    with pytest.raises(AccountNotConfiguredError):
        Vault(tmp_path / "accounts").read(alias)


def test_one_unreadable_capture_is_that_accounts_trouble_alone(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write("good", _TEXT)
    _place(tmp_path, "foreign", "enc:v1:" + Fernet(Fernet.generate_key()).encrypt(b"x").decode())
    (_place(tmp_path, "binary", "")).write_bytes(b"\xff\xfe")
    for alias in ("foreign", "binary"):
        with pytest.raises(CaptureUnreadableError, match=alias):
            vault.read(alias)
    assert vault.read("good") == _TEXT
    vault.check()


@pytest.mark.parametrize("passphrase", [None, "another one"])
def test_a_key_that_opens_nothing_is_detected_at_start(tmp_path: Path, passphrase: str | None) -> None:
    Vault(tmp_path, "the right one").write("plus", _TEXT)
    with pytest.raises(VaultKeyError):
        Vault(tmp_path, passphrase).check()
    # The account about to be replaced does not count, and nothing was made by looking.
    Vault(tmp_path, passphrase).check(besides="plus")
    assert not (tmp_path / ".master.key").exists()


def test_deleting_removes_capture_settings_and_the_empty_folder(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    vault.write("plus", _TEXT)
    (tmp_path / "plus" / "settings.json").write_text("{}")
    assert vault.delete("plus") == Removed(capture=True, settings=True, folder=True)
    assert not (tmp_path / "plus").exists()
    assert vault.delete("plus") == Removed()
    vault.write("free", _TEXT)
    (tmp_path / "free" / "notes.txt").write_text("mine")
    assert vault.delete("free") == Removed(capture=True)
    assert [path.name for path in (tmp_path / "free").iterdir()] == ["notes.txt"]


def test_the_signature_changes_with_every_kind_of_change_and_only_then(tmp_path: Path) -> None:
    vault = Vault(tmp_path)
    seen = [vault.signature()]
    changes = [
        lambda: vault.write("plus", _TEXT),
        lambda: vault.write("free", _TEXT),
        lambda: vault.write("plus", _TEXT),
        lambda: _place(tmp_path, "free", "by hand"),
        lambda: vault.delete("plus"),
    ]
    for change in changes:
        change()
        assert vault.signature() == vault.signature()
        seen.append(vault.signature())
    assert len(set(seen)) == len(seen)


def test_errors_hold_nothing_of_the_capture_or_the_passphrase(tmp_path: Path) -> None:
    Vault(tmp_path, "the right one").write("plus", _TEXT)
    with pytest.raises(CaptureUnreadableError) as caught:
        Vault(tmp_path, "hunter2").read("plus")
    assert "hunter2" not in str(caught.value)
    assert "gAAAA" not in str(caught.value)
