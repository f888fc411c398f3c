"""Pools: several processes' worth of them on one database and one vault."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from bridge.accounts.buckets import BucketLimits
from bridge.accounts.outcomes import Outcomes
from bridge.accounts.presence import ProcessPresence
from bridge.accounts.registry import Registry
from bridge.routing.pool import Pool
from bridge.routing.sessions import Sessions
from bridge.store.engine import Store
from bridge.vault import Vault
from tests.fakes.provider import FakeProvider

OpenPool = Callable[..., Awaitable[Pool]]


@pytest.fixture
async def open_pool(database_url: str, vault: Vault, provider: FakeProvider) -> AsyncIterator[OpenPool]:
    """Opens a pool with a store of its own, as another process would."""
    async with AsyncExitStack() as stack:

        async def opened(*, limit: int = 100, patience: float = 5) -> Pool:
            store = Store.open(database_url)
            stack.push_async_callback(store.aclose)
            presence = ProcessPresence(store, kind="test")
            await presence.start()
            stack.push_async_callback(presence.aclose)
            registry = Registry(store, vault, provider, BucketLimits({}), capture_seconds=0)
            pool = Pool(
                registry,
                Outcomes(store, registry),
                Sessions(registry, vault, provider),
                process_id=presence.process_id,
                queue_limit=limit,
                patience_seconds=patience,
            )
            registry.on_changed = pool.serve_line
            stack.push_async_callback(pool.aclose)
            return pool

        yield opened


@pytest.fixture
async def pool(open_pool: OpenPool) -> Pool:
    """The pool of this process."""
    return await open_pool()
