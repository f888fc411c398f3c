from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from bridge.build import open_bridge
from bridge.files.inputs import INPUTS
from core.clock import utc_now
from core.settings import load_all
from tests.fakes.upstream import png

Command = Callable[..., Any]


@pytest.fixture(autouse=True)
def old_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A data folder with one picture that nobody has used for a year, and no Temporal."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CHATGPT_TEMPORAL_ADDRESS", "127.0.0.1:9")

    async def fill() -> None:
        async with open_bridge(load_all(), process="test") as bridge:
            await bridge.inputs.store(png("blue"), name="x.png")
            then = utc_now() - timedelta(days=365)
            await bridge.store.write(lambda conn: conn.execute(update(INPUTS).values(used_at=then)))

    asyncio.run(fill())


def kept(root: Path) -> int:
    return sum(path.is_file() for path in (root / "outputs" / "inputs").rglob("*"))


def test_it_tells_what_is_old_and_removes_nothing(command: Command, tmp_path: Path) -> None:
    shown = command("retention")

    assert shown.status == 0
    assert {"inputs=1", "dry_run=yes"} <= set(shown.out.splitlines())
    assert "without payloads" in shown.err
    assert kept(tmp_path) == 1


def test_it_removes_what_is_old_when_asked(command: Command, tmp_path: Path) -> None:
    assert {"inputs=1", "dry_run=no"} <= set(command("retention", "--now").out.splitlines())
    assert kept(tmp_path) == 0
