"""The API as a fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx2
import pytest
import structlog

from tests.fakes.server import Served, open_server


@pytest.fixture(autouse=True, scope="session")
def _short_tracebacks() -> Iterator[None]:
    """structlog's default shows every local variable of a traceback, which takes seconds."""
    structlog.configure(processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()])
    yield
    structlog.reset_defaults()


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
