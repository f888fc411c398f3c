"""Pictures by reference, with a web server beside."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.build import references
from bridge.files.artifacts import Artifacts
from bridge.files.references import References
from bridge.store.engine import Store
from core.settings import InputSettings, load
from tests.fakes.files import library
from tests.fakes.pictures import PictureHost, picture_host


@pytest.fixture
async def host() -> AsyncIterator[PictureHost]:
    """A web server for pictures on this machine."""
    async with picture_host() as opened:
        yield opened


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder below which paths may be named."""
    made = tmp_path / "pictures"
    made.mkdir()
    return made


@pytest.fixture
def artifacts(store: Store, tmp_path: Path) -> Artifacts:
    """No artifacts yet."""
    return Artifacts(store, tmp_path / "artifacts")


@pytest.fixture
def reader(store: Store, folder: Path, tmp_path: Path) -> References:
    """References with a folder, and with leave to fetch from this machine."""
    settings = load(InputSettings, input_root=folder, fetch_allow=("127.0.0.1",), max_input_bytes=4096)
    return references(settings, library(store, tmp_path))
