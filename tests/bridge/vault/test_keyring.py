"""One key for everything at rest, and the ring of payload keys."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from bridge.vault import Keyring
from bridge.vault.cipher import PayloadCipher
from bridge.vault.master import Material
from core.errors import VaultKeyError


def test_a_key_is_derived_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    derived = []
    original = Material.key

    def counting(self: Material, passphrase: str) -> bytes:
        derived.append(self)
        return original(self, passphrase)

    monkeypatch.setattr(Material, "key", counting)
    keyring = Keyring(tmp_path, "open sesame")
    texts = [keyring.encrypt(f"text {number}") for number in range(3)]
    assert [keyring.decrypt(text) for text in texts] == ["text 0", "text 1", "text 2"]
    assert len(derived) == 1


def test_decrypting_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(VaultKeyError, match="no .master.key"):
        Keyring(tmp_path).decrypt("enc:v1:gAAAA")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_key_file_is_named(tmp_path: Path) -> None:
    (tmp_path / ".master.key").write_text("not a key")
    with pytest.raises(VaultKeyError, match="master.key"):
        Keyring(tmp_path).encrypt("x")


def test_payload_keys_are_shared_between_processes_and_wrapped_at_rest(tmp_path: Path) -> None:
    first = Keyring(tmp_path)
    key_id, key = first.payload_key()
    assert len(key) == 32
    assert first.payload_key(key_id) == (key_id, key)
    assert Keyring(tmp_path).payload_key() == (key_id, key)
    ring = tmp_path / ".payload-keys.json"
    assert stat.S_IMODE(ring.stat().st_mode) == 0o600
    stored = json.loads(ring.read_text())
    assert stored["current"] == key_id
    assert stored["keys"][key_id].startswith("enc:v1:")


def test_a_key_that_another_process_added_is_found_by_reading_the_ring_again(tmp_path: Path) -> None:
    old, new = Keyring(tmp_path), Keyring(tmp_path)
    current, _ = old.payload_key()
    ring = json.loads((tmp_path / ".payload-keys.json").read_text())
    ring["keys"]["added"] = new.encrypt("A" * 43 + "=")
    ring["current"] = "added"
    (tmp_path / ".payload-keys.json").write_text(json.dumps(ring))
    assert old.payload_key("added") == ("added", bytes(32))
    # A retired key stays readable.
    assert old.payload_key(current)[0] == current
    assert new.payload_key()[0] == "added"


def test_an_unknown_payload_key_is_refused(tmp_path: Path) -> None:
    keyring = Keyring(tmp_path)
    with pytest.raises(VaultKeyError):
        keyring.payload_key("never")
    keyring.payload_key()
    with pytest.raises(VaultKeyError, match="never"):
        keyring.payload_key("never")


def test_a_ring_that_another_key_wrapped_is_detected_at_start(tmp_path: Path) -> None:
    Keyring(tmp_path, "the right one").payload_key()
    Keyring(tmp_path, "the right one").check()
    with pytest.raises(VaultKeyError):
        Keyring(tmp_path, "another one").check()


def test_a_sealed_text_names_its_key_and_what_was_never_sealed_is_refused(tmp_path: Path) -> None:
    cipher = PayloadCipher(Keyring(tmp_path))
    word = cipher.seal("ünïcode\nand more")
    assert word.startswith(f"ring:v1:{Keyring(tmp_path).payload_key()[0]}:")
    assert PayloadCipher(Keyring(tmp_path)).unseal(word) == "ünïcode\nand more"
    for wrong in ("", "ring:v1:", "enc:v1:x", word[:-8], word[:-8] + "AAAAAAAA", word + "?"):
        with pytest.raises(VaultKeyError):
            cipher.unseal(wrong)
