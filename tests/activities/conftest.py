"""A bridge with one account and an upstream in memory, without Temporal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from unittest import mock

import pytest

from bridge import build
from bridge.build import Bridge, open_bridge
from core.settings import load_all
from tests.fakes.provider import capture
from tests.fakes.upstream import FakeUpstream


@pytest.fixture
async def bridge(tmp_path: Path, upstream: FakeUpstream) -> AsyncIterator[Bridge]:
    """One account; what is sent goes to `upstream`."""
    (tmp_path / "accounts" / "one").mkdir(parents=True)
    (tmp_path / "accounts" / "one" / "chatgpt-request.txt").write_text(capture())
    settings = load_all(storage={"data_dir": tmp_path / "data"}, accounts={"accounts_dir": tmp_path / "accounts"})
    async with AsyncExitStack() as stack:
        with mock.patch.object(build, "provider", return_value=upstream.provider()):
            yield await stack.enter_async_context(open_bridge(settings, process="test"))
