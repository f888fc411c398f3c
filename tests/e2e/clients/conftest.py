"""One bridge for all tests of clients, as far as they run in one process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import openai
import pytest
import pytest_asyncio

from tests.e2e.clients import installs
from tests.e2e.clients.running import Bridge, open_bridge
from tests.e2e.stack import KEY
from tests.fakes.upstream import mask, png

NOTES = "The harbour opens at six.\n"
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n%%EOF\n"


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Bridge]:
    """The processes."""
    async with open_bridge(tmp_path_factory.mktemp("bridge")) as bridge:
        yield bridge


@pytest_asyncio.fixture(loop_scope="package")
async def bridge(running: Bridge) -> AsyncIterator[Bridge]:
    """The bridge, with nothing of the tests before; afterwards all that it answered is held against the models."""
    await running.revive()
    running.forget()
    yield running
    running.tap.check()


@pytest_asyncio.fixture(loop_scope="package")
async def vendor(bridge: Bridge) -> AsyncIterator[openai.AsyncOpenAI]:
    """OpenAI's client, which asks once."""
    async with openai.AsyncOpenAI(base_url=bridge.tap.url, api_key=KEY, max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder with the files that pages speak of."""
    return _with_files(tmp_path_factory.mktemp("reader"))


@pytest.fixture(scope="session")
def node_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same for Node, which looks for packages beside its modules."""
    made = _with_files(tmp_path_factory.mktemp("node"))
    (made / "node_modules").symlink_to(installs.packages("openai-node.md") / "node_modules")
    return made


def _with_files(made: Path) -> Path:
    files = {
        "photo.png": png(),
        "other.png": png("red"),
        "mask.png": mask(),
        "notes.txt": NOTES.encode(),
        "notes.pdf": PDF,
    }
    for name, content in files.items():
        (made / name).write_bytes(content)
    return made
