"""What a running API works with."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from api.answers.shared import SharedChats
from api.api_key import ApiKey, ensure_api_key, ensure_link_key
from api.binding import require_strong_key
from api.connection import Leashes
from api.links import LinkSigner
from api.waiting import Waiting
from bridge.build import Bridge, open_bridge
from bridge.chat.running import RunningChats
from core.settings import Settings
from workflows.temporal.gateway import Temporal, open_temporal
from workflows.temporal.reconciler import reconcile_forever
from workflows.temporal.worker import run_worker, tell_granted


@dataclass(frozen=True, slots=True)
class Services:
    """Everything a handler may need, open.

    Attributes:
        signer: signs download links.
        leashes: the work that clients wait for.
        chats: running chats that brought an id.
        waiting: which operations have a connection that waits for them.
        shared: running chats that brought an idempotency key.
    """

    settings: Settings
    bridge: Bridge
    temporal: Temporal
    key: ApiKey
    signer: LinkSigner
    leashes: Leashes = field(default_factory=Leashes)
    chats: RunningChats = field(default_factory=RunningChats)
    waiting: Waiting = field(default_factory=Waiting)
    shared: SharedChats = field(default_factory=SharedChats)


OpenServices = Callable[[Settings], AbstractAsyncContextManager[Services]]


@asynccontextmanager
async def open_services(settings: Settings, *, with_worker: bool) -> AsyncIterator[Services]:
    """Open the bridge and the way to Temporal; beside them run a worker, or the reconciler alone.

    Raises:
        SettingError, StoreError, VaultKeyError: it cannot start like this.
    """
    key = ensure_api_key(settings.server, settings.storage)
    require_strong_key(settings.server, key.value)
    signer = LinkSigner(ensure_link_key(settings.storage), timedelta(hours=settings.server.link_hours))
    async with AsyncExitStack() as stack:
        bridge = await stack.enter_async_context(open_bridge(settings, process="api"))
        temporal = await stack.enter_async_context(
            open_temporal(bridge.keyring, settings.temporal, settings.operations, blobs=bridge.blobs)
        )
        await stack.enter_async_context(_beside(bridge, settings, temporal, with_worker=with_worker))
        services = Services(settings, bridge, temporal, key, signer)
        stack.push_async_callback(services.shared.drained)
        yield services


@asynccontextmanager
async def _beside(bridge: Bridge, settings: Settings, temporal: Temporal, *, with_worker: bool) -> AsyncIterator[None]:
    stop = asyncio.Event()
    if with_worker:
        work = run_worker(bridge, settings, stop=stop, temporal=temporal)
    else:
        tell_granted(bridge, temporal)
        work = reconcile_forever(bridge, temporal, stop=stop)
    task = asyncio.create_task(work, name="worker" if with_worker else "reconciler")
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(task, return_exceptions=True)
