"""A real database and a real vault for every test of the bridge."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bridge.accounts.buckets import BucketLimits
from bridge.accounts.registry import Registry
from bridge.store.engine import Store
from bridge.store.migrations import migrate
from bridge.vault import Vault
from tests.fakes.provider import FakeProvider


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """The address of a migrated database."""
    url = f"sqlite:///{tmp_path / 'data' / 'bridge.sqlite'}"
    migrate(url)
    return url


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[Store]:
    """An open store; closed after the test."""
    opened = Store.open(database_url)
    yield opened
    await opened.aclose()


@pytest.fixture
def provider() -> FakeProvider:
    """A provider without an upstream."""
    return FakeProvider()


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    """An empty accounts folder with a key file."""
    return Vault(tmp_path / "accounts")


@pytest.fixture
def registry(store: Store, vault: Vault, provider: FakeProvider) -> Registry:
    """Every capture in alphabetical order."""
    return Registry(store, vault, provider, BucketLimits({}), capture_seconds=0)
