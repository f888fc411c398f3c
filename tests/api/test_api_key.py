"""The operator's own key."""

from __future__ import annotations

from pathlib import Path

import pytest

from api.api_key import ensure_api_key
from core.errors import SettingError
from core.settings import ServerSettings, StorageSettings, load


def test_a_set_key_counts_and_nothing_is_written(tmp_path: Path) -> None:
    storage = load(StorageSettings, data_dir=tmp_path / "data")

    key = ensure_api_key(load(ServerSettings, api_key="mine"), storage)

    assert (key.value, key.made_in) == ("mine", None)
    assert not storage.api_key_file.exists()
    assert "mine" not in repr(key)


def test_the_first_start_makes_one_that_stays(tmp_path: Path) -> None:
    storage = load(StorageSettings, data_dir=tmp_path / "data")

    first = ensure_api_key(load(ServerSettings), storage)
    second = ensure_api_key(load(ServerSettings), storage)

    assert first.made_in == storage.api_key_file
    assert len(first.value) >= 43
    assert (second.value, second.made_in) == (first.value, None)
    assert storage.api_key_file.read_text().strip() == first.value
    assert storage.api_key_file.stat().st_mode & 0o777 == 0o600
    assert storage.data_dir.stat().st_mode & 0o777 == 0o700


def test_an_empty_file_is_said_and_not_taken_for_a_key(tmp_path: Path) -> None:
    (tmp_path / "api-key").write_text("\n")

    with pytest.raises(SettingError, match="api-key"):
        ensure_api_key(load(ServerSettings), load(StorageSettings, data_dir=tmp_path))
