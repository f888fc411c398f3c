"""A workbench whose upstream researches."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.settings import TemporalSettings
from tests.fakes.research import ResearchWorld
from tests.fixtures.durable import Workbench
from tests.workflows.research.steps import opened
from workflows.temporal import worker as worker_module


@pytest.fixture
def world() -> ResearchWorld:
    return ResearchWorld()


@pytest.fixture
async def idle(
    tmp_path: Path, temporal_settings: TemporalSettings, world: ResearchWorld, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Workbench]:
    """One account, and no worker until the test starts one; its workers let go at once."""
    monkeypatch.setattr(worker_module, "_GRACE", worker_module.timedelta(milliseconds=50))
    async with opened(tmp_path, temporal_settings, world) as bench:
        yield bench


@pytest.fixture
async def bench(idle: Workbench) -> AsyncIterator[Workbench]:
    async with idle.worker():
        yield idle
