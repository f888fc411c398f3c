"""The stack as a fixture."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from provider.simulator import SimulatorConfig
from tests.e2e.clients import installs
from tests.e2e.stack import Stack, open_stack


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    """A simulator with one account, pictures in half a second; a test starts the processes it wants."""
    config = SimulatorConfig(accounts=("plus",), image_seconds=0.5)
    async with open_stack(
        tmp_path, config, CHATGPT_RECONCILE_GRACE_SECONDS="2", CHATGPT_HEARTBEAT_SECONDS="3"
    ) as stack:
        yield stack


@pytest.fixture(scope="session")
def node_client() -> Path:
    """The entry of the vendor's client for Node."""
    return installs.packages("openai-node.md") / "node_modules" / "openai" / "index.mjs"
