"""A change of the key: one moment decides, and whatever dies before or after it, one key opens everything."""

from __future__ import annotations

import os
import shutil
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from bridge.vault import Keyring, Vault, master
from bridge.vault.cipher import PayloadCipher
from bridge.vault.rotation import Change, Rotated, finish, recover, rotate
from core.errors import CaptureUnreadableError, StoreError, VaultKeyError
from tests.bridge.vault.dying import Deaths

OLD, NEW = "the old words", "the new words"
WAYS = [(None, None), (None, NEW), (OLD, None), (OLD, NEW)]
TEXTS = {"free": "curl one", "plus": "curl two", "pro": "curl three — ünïcode"}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A passphrase's key in no time: what is tested here is the order of things."""
    monkeypatch.setattr(master, "_ITERATIONS", 10)


def filled(folder: Path, passphrase: str | None) -> tuple[str, bytes]:
    """Three accounts, one of them plain, an older capture beside one, and something a history holds."""
    vault = Vault(folder, passphrase)
    for alias, text in TEXTS.items():
        vault.write(alias, text)
    (folder / "free" / "chatgpt-request.txt").write_text(TEXTS["free"])
    (folder / "plus" / "settings.json").write_text('{"plain": true}')
    (folder / "plus" / "earlier.txt").write_text(vault.keyring.encrypt("curl earlier"))
    return PayloadCipher(vault.keyring).encrypt(b"a history")


def opens(folder: Path, passphrase: str | None, payload: tuple[str, bytes]) -> bool:
    """Whether one key opens every capture, the older one beside it and the history."""
    vault = Vault(folder, passphrase)
    try:
        assert {alias: vault.read(alias) for alias in vault.aliases()} == TEXTS
        assert vault.keyring.decrypt((folder / "plus" / "earlier.txt").read_text()) == "curl earlier"
        assert PayloadCipher(vault.keyring).decrypt(*payload) == b"a history"
    except (VaultKeyError, CaptureUnreadableError):
        return False
    return True


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(("old", "new"), WAYS)
def test_everything_is_readable_with_the_new_key_and_nothing_with_the_old_one(
    tmp_path: Path, old: str | None, new: str | None
) -> None:
    payload = filled(tmp_path, old)
    before = files(tmp_path)
    key_id, _ = Keyring(tmp_path, old).payload_key()

    done = rotate(tmp_path, old, new)

    assert done == (
        Rotated("free", Change.ENCRYPTED),
        Rotated("plus", Change.ROTATED),
        Rotated("pro", Change.ROTATED),
    )
    assert opens(tmp_path, new, payload)
    after = files(tmp_path)
    for name in ("free/chatgpt-request.txt", "plus/chatgpt-request.txt", "plus/earlier.txt"):
        assert after[name].startswith(b"enc:v1:")
        assert after[name] != before[name]
    assert after["plus/settings.json"] == before["plus/settings.json"]
    material = ".master.salt" if new else ".master.key"
    assert {name for name in after if name.startswith(".master")} == {material, ".master.lock"}
    assert after[material] != before.get(material)
    assert stat.S_IMODE((tmp_path / material).stat().st_mode) == 0o600
    # Payloads are encrypted with a key of their own from now on.
    assert Keyring(tmp_path, new).payload_key()[0] != key_id
    if old or new:
        assert not opens(tmp_path, old, payload)


@pytest.mark.parametrize(("old", "new"), WAYS)
def test_the_former_key_file_or_words_open_nothing_of_what_is_there(
    tmp_path: Path, old: str | None, new: str | None
) -> None:
    filled(tmp_path, old)
    former = Fernet(Keyring(tmp_path, old).key() or b"")
    rotate(tmp_path, old, new)
    for name, content in files(tmp_path).items():
        assert former_opens(former, content) is False, name


def former_opens(fernet: Fernet, content: bytes) -> bool:
    try:
        fernet.decrypt(content.removeprefix(b"enc:v1:"))
    except Exception:
        return False
    return True


@pytest.fixture(scope="module")
def deaths() -> Iterator[Deaths]:
    """Where changes of the key are killed."""
    opened = Deaths()
    yield opened
    opened.close()


def every_death(
    deaths: Deaths, tmp_path: Path, old: str | None, new: str | None
) -> Iterator[tuple[int, Path, tuple[str, bytes]]]:
    """A folder for each moment at which a change of the key can die."""
    pristine = tmp_path / "pristine"
    payload = filled(pristine, old)
    for step in range(1000):
        folder = tmp_path / f"step{step}"
        shutil.copytree(pristine, folder)
        if deaths.rotate(step, folder, old, new):
            assert step > 40
            assert opens(folder, new, payload)
            return
        yield step, folder, payload
        shutil.rmtree(folder)
    raise AssertionError("it never ends")


@pytest.mark.parametrize(("old", "new"), WAYS)
def test_killed_anywhere_exactly_one_key_opens_every_capture(
    deaths: Deaths, tmp_path: Path, old: str | None, new: str | None
) -> None:
    committed = []
    for step, folder, payload in every_death(deaths, tmp_path, old, new):
        if old == new:
            assert opens(folder, None, payload), step
        else:
            with_old, with_new = opens(folder, old, payload), opens(folder, new, payload)
            assert with_old != with_new, step
            committed.append(with_new)
        # The next start does the rest, whichever process it is.
        words = new if committed and committed[-1] else old
        Vault(folder, words).check()
        unfinished = (folder / ".master.rotation").exists()
        assert finish(folder, Keyring(folder, words)) is unfinished
        assert opens(folder, words, payload), step
        if unfinished:
            assert not list(folder.rglob("*.tmp"))
    # One moment decides, and it decides once.
    assert committed == sorted(committed)
    assert set(committed) == ({False, True} if old != new else set())


def test_the_rest_is_done_with_the_new_words_only_and_another_change_begins_with_it(
    deaths: Deaths, tmp_path: Path
) -> None:
    for folder, payload in every_interruption(deaths, tmp_path):
        before = files(folder)
        with pytest.raises(VaultKeyError, match="passphrase does not open"):
            finish(folder, Keyring(folder, OLD))
        with pytest.raises(VaultKeyError, match="with a passphrase, and none was given"):
            finish(folder, Keyring(folder))
        assert files(folder) == before
        assert opens(folder, NEW, payload)
        rotate(folder, NEW, "third words")
        assert opens(folder, "third words", payload)


def every_interruption(deaths: Deaths, tmp_path: Path) -> Iterator[tuple[Path, tuple[str, bytes]]]:
    """A folder for each death after the commit."""
    found = 0
    for _, folder, payload in every_death(deaths, tmp_path, OLD, NEW):
        if (folder / ".master.rotation").exists():
            found += 1
            yield folder, payload
    assert found > 10


@pytest.mark.parametrize("wrong", ["not these words", None])
def test_a_wrong_key_is_refused_before_anything_changes(tmp_path: Path, wrong: str | None) -> None:
    filled(tmp_path, OLD)
    before = files(tmp_path)
    with pytest.raises(VaultKeyError):
        rotate(tmp_path, wrong, NEW)
    assert files(tmp_path) == before


def test_one_capture_that_does_not_open_is_named_and_stops_the_change(tmp_path: Path) -> None:
    filled(tmp_path, OLD)
    alien = b"enc:v1:" + Fernet(Fernet.generate_key()).encrypt(b"from elsewhere")
    (tmp_path / "pro" / "chatgpt-request.txt").write_bytes(alien)
    before = files(tmp_path)
    with pytest.raises(VaultKeyError, match="does not open pro/chatgpt-request.txt; nothing was changed"):
        rotate(tmp_path, OLD, NEW)
    assert files(tmp_path) == before


def test_a_folder_without_anything_to_encrypt_gets_no_key(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert rotate(tmp_path, None, NEW) == (Rotated("empty", Change.SKIPPED),)
    assert set(files(tmp_path)) == {".master.lock"}


def test_plain_captures_are_encrypted_where_there_was_no_key(tmp_path: Path) -> None:
    (tmp_path / "free").mkdir()
    (tmp_path / "free" / "chatgpt-request.txt").write_text("curl plain")
    assert rotate(tmp_path, None, NEW) == (Rotated("free", Change.ENCRYPTED),)
    assert Vault(tmp_path, NEW).read("free") == "curl plain"
    assert not (tmp_path / ".master.key").exists()


def test_an_open_process_takes_a_new_key_file_up(tmp_path: Path) -> None:
    payload = filled(tmp_path, None)
    running = Vault(tmp_path)
    key_id, _ = running.keyring.payload_key()
    seen = running.key_signature()

    rotate(tmp_path, None, None)

    assert {alias: running.read(alias) for alias in running.aliases()} == TEXTS
    assert PayloadCipher(running.keyring).decrypt(*payload) == b"a history"
    assert running.keyring.payload_key()[0] != key_id
    assert running.key_signature() != seen
    running.write("later", "curl later")
    assert Vault(tmp_path).read("later") == "curl later"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (OLD, NEW, "the passphrase does not open"),
        (None, NEW, "encrypted with a passphrase, and none was given"),
        (OLD, None, "encrypted with its key file, but a passphrase was given"),
    ],
)
def test_an_open_process_with_the_former_key_is_told_so_and_writes_nothing(
    tmp_path: Path, old: str | None, new: str | None, says: str
) -> None:
    payload = filled(tmp_path, old)
    running = Vault(tmp_path, old)
    key_id, _ = running.keyring.payload_key()
    rotate(tmp_path, old, new)
    before = files(tmp_path)

    with pytest.raises(VaultKeyError, match=says):
        running.check()
    with pytest.raises(VaultKeyError, match=says):
        running.write("later", "curl later")
    assert files(tmp_path) == before
    # Work that is under way goes on: its payloads stay readable for everybody.
    assert running.keyring.payload_key()[0] == key_id
    assert PayloadCipher(running.keyring).decrypt(*payload) == b"a history"
    written = PayloadCipher(running.keyring).encrypt(b"more")
    assert PayloadCipher(Keyring(tmp_path, new)).decrypt(*written) == b"more"


def test_readers_and_writers_beside_many_changes_never_meet_a_wrong_key(tmp_path: Path) -> None:
    payload = filled(tmp_path, None)
    stop, wrong = threading.Event(), list[BaseException]()

    def watched(work: Any) -> None:
        try:
            while not stop.is_set():
                work()
        except BaseException as error:
            wrong.append(error)

    running = Vault(tmp_path)

    def read() -> None:
        assert running.read("pro") == TEXTS["pro"]
        assert PayloadCipher(Keyring(tmp_path)).decrypt(*payload) == b"a history"

    threads = [
        threading.Thread(target=watched, args=[read]),
        threading.Thread(target=watched, args=[lambda: Vault(tmp_path).write("plus", "curl two")]),
    ]
    for thread in threads:
        thread.start()
    try:
        for _ in range(15):
            rotate(tmp_path, None, None)
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert wrong == []
    assert opens(tmp_path, None, payload)


def test_a_full_disk_before_the_commit_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    payload = filled(tmp_path, OLD)
    before = files(tmp_path)

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match="No space left"):
            rotate(tmp_path, OLD, NEW)
    assert files(tmp_path) == before
    assert opens(tmp_path, OLD, payload)


def test_a_folder_that_cannot_be_written_after_the_commit_is_read_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payload = filled(tmp_path, OLD)
    wrote = iter(range(100))

    def full_after_the_commit(descriptor: int, sync: Callable[[int], None] = os.fsync) -> None:
        # Two calls put one file in place; the first file is the commit.
        if next(wrote) >= 2:
            raise OSError(28, "No space left on device")
        sync(descriptor)

    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full_after_the_commit)
        with pytest.raises(StoreError, match="No space left"):
            rotate(tmp_path, OLD, NEW)
        recover(tmp_path, Keyring(tmp_path, NEW))
    assert (tmp_path / ".master.rotation").exists()
    assert opens(tmp_path, NEW, payload)
    assert not opens(tmp_path, OLD, payload)
    recover(tmp_path, Keyring(tmp_path, NEW))
    assert not (tmp_path / ".master.rotation").exists()
    assert opens(tmp_path, NEW, payload)
