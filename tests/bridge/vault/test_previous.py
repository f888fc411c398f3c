"""The capture before the present one: kept encrypted, restored by changing places, gone with its account."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bridge.vault import Vault
from bridge.vault.captures import Removed
from bridge.vault.rotation import rotate
from core.errors import AccountNotConfiguredError, StoreError
from tests.bridge.vault.dying import Deaths

_FIRST, _SECOND, _THIRD = "curl first", "curl second", "curl third"


@pytest.fixture(scope="module")
def deaths() -> Iterator[Deaths]:
    """Where changes of an account are killed."""
    opened = Deaths()
    yield opened
    opened.close()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """One account whose capture was replaced once."""
    vault = Vault(tmp_path / "accounts")
    vault.write("plus", _FIRST)
    vault.write("plus", _SECOND, keep_previous=True)
    return vault


def previous(vault: Vault, alias: str = "plus") -> Path:
    return vault._folder / alias / "chatgpt-request.previous.txt"


def test_what_was_replaced_is_kept_encrypted_and_owner_only(vault: Vault) -> None:
    assert (vault.read("plus"), vault.read_previous("plus")) == (_SECOND, _FIRST)
    assert previous(vault).read_text().startswith("enc:v1:")
    assert stat.S_IMODE(previous(vault).stat().st_mode) == 0o600
    assert vault.aliases() == ["plus"]


def test_a_plain_capture_of_an_older_version_is_kept_encrypted(tmp_path: Path) -> None:
    (tmp_path / "plus").mkdir()
    (tmp_path / "plus" / "chatgpt-request.txt").write_text(_FIRST)
    vault = Vault(tmp_path)
    vault.write("plus", _SECOND, keep_previous=True)
    assert previous(vault).read_text().startswith("enc:v1:")
    assert vault.read_previous("plus") == _FIRST


def test_the_same_capture_once_more_keeps_the_one_before_it(vault: Vault) -> None:
    vault.write("plus", _SECOND, keep_previous=True)
    assert vault.read_previous("plus") == _FIRST


def test_a_capture_that_does_not_open_is_not_worth_keeping(vault: Vault) -> None:
    (vault._folder / "plus" / "chatgpt-request.txt").write_text("enc:v1:nonsense")
    vault.write("plus", _THIRD, keep_previous=True)
    assert (vault.read("plus"), vault.read_previous("plus")) == (_THIRD, _FIRST)


def test_restoring_lets_the_two_change_places_with_their_times(vault: Vault) -> None:
    os.utime(vault._folder / "plus" / "chatgpt-request.txt", (2_000_000_000, 2_000_000_000))
    os.utime(previous(vault), (1_000_000_000, 1_000_000_000))
    before = vault.signature()
    vault.restore("plus", _FIRST)
    assert (vault.read("plus"), vault.read_previous("plus")) == (_FIRST, _SECOND)
    assert vault.signature() != before
    stored = vault.stored_at("plus"), vault.stored_at("plus", previous=True)
    assert [at.timestamp() if at else None for at in stored] == [1_000_000_000, 2_000_000_000]


def test_only_what_was_looked_at_is_restored(vault: Vault) -> None:
    with pytest.raises(AccountNotConfiguredError):
        vault.restore("plus", _THIRD)
    with pytest.raises(AccountNotConfiguredError):
        vault.restore("free", _FIRST)
    assert vault.read("plus") == _SECOND


def test_a_capture_that_was_put_aside_comes_back(vault: Vault) -> None:
    removed = vault.delete("plus", keep_capture=True)
    assert removed == Removed(capture=True, kept=True)
    assert (vault.aliases(), vault.folders()) == ([], ["plus"])
    vault.restore("plus", _SECOND)
    assert (vault.read("plus"), vault.has_previous("plus")) == (_SECOND, False)


def test_deleting_takes_the_previous_one_too_and_what_a_death_left(vault: Vault) -> None:
    (vault._folder / "plus" / ".chatgpt-request.txt.0123456789ab.tmp").write_text("half")
    assert vault.delete("plus") == Removed(capture=True, previous=True, folder=True)
    assert not (vault._folder / "plus").exists()
    assert vault.folders() == []


def test_a_new_key_opens_the_previous_one_and_leaves_its_time(vault: Vault) -> None:
    os.utime(previous(vault), (1_000_000_000, 1_000_000_000))
    rotate(vault._folder, None, "new words")
    anew = Vault(vault._folder, "new words")
    assert (anew.read("plus"), anew.read_previous("plus")) == (_SECOND, _FIRST)
    assert previous(vault).stat().st_mtime == 1_000_000_000


def test_a_disk_that_refuses_leaves_both_as_they_were(vault: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    for change in (
        lambda: vault.restore("plus", _FIRST),
        lambda: vault.write("plus", _THIRD, keep_previous=True),
    ):
        with pytest.raises(StoreError, match="No space left"):
            change()
        assert (vault.read("plus"), vault.read_previous("plus")) == (_SECOND, _FIRST)
    assert len(list((vault._folder / "plus").iterdir())) == 2


def every_death(vault: Vault, die: Callable[[int, Path], bool]) -> Iterator[Vault]:
    """The folder after a death at each moment of a change; the change itself comes last."""
    for step in range(200):
        folder = vault._folder.parent / f"step{step}"
        shutil.copytree(vault._folder, folder)
        lived = die(step, folder)
        yield Vault(folder)
        if lived:
            assert step >= 4
            return
    raise AssertionError("it never ends")


def test_killed_anywhere_an_update_leaves_the_old_capture_or_the_new_one(vault: Vault, deaths: Deaths) -> None:
    seen = []
    for left in every_death(vault, lambda step, folder: deaths.update(step, folder, "plus", _THIRD)):
        assert left.read_previous("plus") in (_FIRST, _SECOND)
        seen.append(left.read("plus"))
    assert set(seen) == {_SECOND, _THIRD}
    assert seen == sorted(seen, key=[_SECOND, _THIRD].index)


def test_killed_anywhere_a_restore_leaves_a_capture_that_is_one_of_the_two(vault: Vault, deaths: Deaths) -> None:
    seen = []
    for left in every_death(vault, lambda step, folder: deaths.restore(step, folder, "plus", _FIRST)):
        seen.append(left.read("plus"))
        assert not left.has_previous("plus") or left.read_previous("plus") != left.read("plus")
    assert set(seen) == {_FIRST, _SECOND}
