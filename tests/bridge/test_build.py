"""Opening a whole bridge, alone and beside another process's."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest

from bridge.build import open_bridge, prepare
from bridge.vault import Vault
from core.errors import SettingError, VaultKeyError
from core.settings import Settings, load_all


def _settings(root: Path, **accounts: object) -> Settings:
    return load_all(
        accounts={"accounts_dir": root / "accounts", **accounts},
        storage={"data_dir": root / "data"},
        upstream={"base_url": "http://127.0.0.1:9"},
    )


async def test_a_bridge_opens_in_an_empty_folder_and_closes_cleanly(tmp_path: Path) -> None:
    async with open_bridge(_settings(tmp_path), process="api") as bridge:
        assert await bridge.registry.snapshot() == ()
        rows = await bridge.store.read(lambda conn: conn.exec_driver_sql("SELECT id, kind FROM processes").all())
        assert rows == [(bridge.presence.process_id, "api")]
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700
    async with open_bridge(_settings(tmp_path), process="api") as bridge:
        assert len(await bridge.store.read(lambda conn: conn.exec_driver_sql("SELECT 1 FROM processes").all())) == 1


async def test_bridges_of_several_processes_open_at_once(tmp_path: Path) -> None:
    async def opened(process: str) -> None:
        async with open_bridge(_settings(tmp_path), process=process) as bridge:
            await bridge.registry.snapshot()
            await asyncio.sleep(0.1)

    await asyncio.gather(*(opened(f"p{number}") for number in range(4)))


async def test_a_changed_account_is_told_to_the_line(tmp_path: Path) -> None:
    async with open_bridge(_settings(tmp_path), process="api") as bridge:
        assert bridge.registry.on_changed == bridge.pool.serve_line


def test_preparing_twice_is_preparing_once(tmp_path: Path) -> None:
    prepare(_settings(tmp_path))
    prepare(_settings(tmp_path))
    assert (tmp_path / "data" / "bridge.sqlite").exists()


async def test_a_wrong_passphrase_does_not_start(tmp_path: Path) -> None:
    Vault(tmp_path / "accounts", "the right one").write("a", "capture")
    prepare(_settings(tmp_path, secrets_passphrase="the right one"))
    with pytest.raises(VaultKeyError):
        async with open_bridge(_settings(tmp_path, secrets_passphrase="another"), process="api"):
            pass


async def test_a_malformed_limit_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="CHATGPT_CHAT_CONCURRENCY"):
        async with open_bridge(_settings(tmp_path, chat_concurrency="plus:3"), process="api"):
            pass


def test_a_folder_that_cannot_be_made_is_one_line_that_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("in the way")
    with pytest.raises(SettingError, match="CHATGPT_DATA_DIR"):
        prepare(_settings(tmp_path))
