"""The API as a fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from tests.fakes.server import Served, open_server


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A server with one account on the plan `plus`."""
    async with open_server(tmp_path) as server:
        yield server


@pytest.fixture
async def client(served: Served) -> AsyncIterator[httpx2.AsyncClient]:
    """A client of it, with the key."""
    async with served.client() as opened:
        yield opened
