"""The real API on a real socket and a real database, with upstream and Temporal in memory."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import uvicorn

from api.api_key import ensure_api_key, ensure_link_key
from api.app import create_app
from api.binding import bound_socket
from api.links import LinkSigner
from api.protocol import HttpProtocol
from api.services import Services
from bridge.accounts.buckets import BucketLimits
from bridge.accounts.captures import Captures
from bridge.accounts.changes import AccountChanges
from bridge.accounts.events import AccountEvents
from bridge.accounts.limits import SlotLimits
from bridge.accounts.outcomes import Outcomes
from bridge.accounts.overview import Overview
from bridge.accounts.presence import ProcessPresence
from bridge.accounts.registry import Registry
from bridge.accounts.reopening import Reopening
from bridge.audit import AuditLog
from bridge.build import references
from bridge.care.care import Care
from bridge.chat.uploads import Uploads
from bridge.files.artifacts import Artifacts, keep
from bridge.files.inputs import Inputs
from bridge.files.kept import KeptFiles
from bridge.files.library import Library
from bridge.files.previews import Previews
from bridge.files.uploaded import UploadedFiles
from bridge.idempotency.answers import KeptAnswers
from bridge.keys.book import ApiKeys
from bridge.operations.feed import Feed
from bridge.operations.records import Operations
from bridge.operations.removal import Removal
from bridge.quota.book import QuotaBook
from bridge.quota.checks import AccountChecks
from bridge.quota.cooling import Cooldowns
from bridge.quota.quota import Quota
from bridge.responses.conversations import KeptConversations
from bridge.responses.records import KeptResponses
from bridge.responses.sealing import Sealing
from bridge.routing.pool import Pool
from bridge.routing.sessions import Sessions
from bridge.store.engine import Store
from bridge.store.migrations import migrate
from bridge.usage.counters import UsageCounters
from bridge.vault import Vault
from bridge.vault.blobs import PayloadBlobs
from core.contracts.operations import OperationState
from core.settings import Settings, load_all
from tests.fakes.chat import ChatProvider, ChatWorld
from tests.fakes.provider import capture
from tests.fakes.strict import StrictTransport
from tests.fakes.temporal import FakeTemporal
from tests.fakes.upstream import png

KEY = "test-" + "k" * 40


@dataclass
class Served:
    """A server that listens, and what is behind it."""

    url: str
    services: Services
    world: ChatWorld
    temporal: FakeTemporal
    port: int

    @property
    def bridge(self) -> Any:
        return self.services.bridge

    def client(self, key: str | None = KEY, **options: Any) -> httpx2.AsyncClient:
        """A client with the key, or with none."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        options.setdefault("transport", StrictTransport())
        return httpx2.AsyncClient(base_url=self.url, headers=headers, timeout=30, trust_env=False, **options)

    async def raw(self, *lines: str, body: bytes = b"") -> bytes:
        """Send bytes over a connection of its own and read until the server closes it."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("\r\n".join([*lines, "", ""]).encode() + body)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()
        return answer


def settings_for(
    root: Path,
    *,
    inputs: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
    temporal: Mapping[str, Any] | None = None,
    chat: Mapping[str, Any] | None = None,
    **server: Any,
) -> Settings:
    """Settings of a bridge that lives in one folder."""
    return load_all(
        server={"port": 0, "api_key": KEY, **server},
        storage={"data_dir": root / "data"},
        accounts={"accounts_dir": root / "accounts"},
        inputs=inputs or {},
        files=files or {},
        temporal=temporal or {},
        chat=chat or {},
    )


@asynccontextmanager
async def open_server(
    root: Path,
    *,
    captures: Mapping[str, str] | None = None,
    patience_seconds: float = 1,
    inputs: Mapping[str, Any] | None = None,
    files: Mapping[str, Any] | None = None,
    temporal: Mapping[str, Any] | None = None,
    chat: Mapping[str, Any] | None = None,
    **server: Any,
) -> AsyncIterator[Served]:
    """Serve until the block is left.

    Args:
        captures: the accounts; one named `plus` when nothing is said.
        patience_seconds: of the line for slots.
        inputs: settings of inputs.
        files: settings of files that are uploaded.
        temporal: settings of Temporal.
        chat: settings of chats.
        server: settings of the server.
    """
    settings = settings_for(root, inputs=inputs, files=files, temporal=temporal, chat=chat, **server)
    world, temporal = ChatWorld(), FakeTemporal()
    async with _bridge(settings, world, patience_seconds) as bridge:
        for alias, text in (captures if captures is not None else {"plus": capture("plus")}).items():
            bridge.vault.write(alias, text)
        key = ensure_api_key(settings.server, settings.storage)
        signer = LinkSigner(ensure_link_key(settings.storage), timedelta(hours=settings.server.link_hours))
        services = Services(settings, cast(Any, bridge), cast(Any, temporal), key, signer)
        async with _listening(services) as port:
            yield Served(f"http://127.0.0.1:{port}", services, world, temporal, port)


@asynccontextmanager
async def _bridge(settings: Settings, world: ChatWorld, patience_seconds: float) -> AsyncIterator[SimpleNamespace]:
    settings.storage.data_dir.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(migrate, settings.storage.database)
    store, vault = Store.open(settings.storage.database), Vault(settings.accounts.accounts_dir, None)
    presence, provider = ProcessPresence(store, kind="api"), ChatProvider(world)
    await presence.start()
    environment = BucketLimits.of(settings.accounts)
    book = QuotaBook()
    registry = Registry(store, vault, provider, environment, judge=book.judge, capture_seconds=0)
    outcomes = Outcomes(store, registry)
    pool = Pool(
        registry,
        outcomes,
        Sessions(registry, vault, provider),
        process_id=presence.process_id,
        queue_limit=100,
        patience_seconds=patience_seconds,
    )
    quota = Quota(
        book, settings.quota, store=store, vault=vault, registry=registry, lend=pool.session, report=pool.report
    )
    usage = UsageCounters(store)
    world.quota = book
    await quota.start()
    feed = Feed(store)
    artifacts, kept = Artifacts(store, settings.storage.artifacts_dir), KeptFiles(store, settings.storage.artifacts_dir)
    most, quota_bytes = settings.files.max_file_bytes, settings.files.quota_bytes
    uploads = UploadedFiles(store, settings.storage.files_dir, most_bytes=most, quota_bytes=quota_bytes)
    library = Library(store, uploads, kept, settings.storage.artifacts_dir)
    keys = ApiKeys(store)
    yield SimpleNamespace(
        store=store,
        vault=vault,
        keyring=vault.keyring,
        blobs=PayloadBlobs(settings.storage.payloads_dir),
        provider=provider,
        registry=registry,
        captures=Captures(store, vault, provider, registry, quota.keeper),
        changes=AccountChanges(store, registry),
        account_events=AccountEvents(store),
        overview=Overview(store, vault, provider, registry),
        checks=AccountChecks(
            registry, quota, pool.session, pool.report, Reopening(vault, provider, registry, outcomes)
        ),
        pool=pool,
        chat_uploads=Uploads(),
        limits=SlotLimits(store, registry, environment),
        cooldowns=Cooldowns(store, registry, quota.keeper),
        quota=quota,
        care=Care(store, registry, quota, pool.report),
        usage=usage,
        operations=Operations(store, registry, begin=keys.begin),
        feed=feed,
        removal=Removal(store, settings.storage.artifacts_dir),
        artifacts=artifacts,
        kept_files=kept,
        previews=Previews(settings.storage.artifacts_dir),
        inputs=Inputs(store, settings.storage.data_dir / "inputs"),
        uploaded=uploads,
        library=library,
        references=references(settings.inputs, library),
        answers=KeptAnswers(store, vault.keyring, process_id=presence.process_id, hours=24),
        responses=KeptResponses(store, vault.keyring),
        conversations=KeptConversations(store, vault.keyring),
        sealing=Sealing(vault.keyring),
        keys=keys,
        audit=AuditLog(store),
        presence=presence,
    )
    await keys.aclose()
    await pool.aclose()
    await quota.aclose()
    await usage.aclose()
    await feed.aclose()
    await presence.aclose()
    await store.aclose()


@asynccontextmanager
async def _listening(services: Services) -> AsyncIterator[int]:
    app = create_app(services.settings, open_services=lambda _: nullcontext(services))
    config = uvicorn.Config(
        app,
        http=HttpProtocol.limited(services.settings.server),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=2,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    # Started and stopped by hand: uvicorn's own loop looks at its flags ten times a second only.
    with bound_socket("127.0.0.1", 0) as listener:
        await server.startup(sockets=[listener])
        try:
            yield int(listener.getsockname()[1])
        finally:
            services.leashes.pull_all()
            await server.shutdown()


async def complete(served: Served, operation_id: str) -> None:
    """Have an operation end with a picture, as a worker does."""
    operation = await served.bridge.operations.find(operation_id)
    artifact = await served.bridge.artifacts.write_image(operation, 0, png())
    await served.bridge.store.write(lambda conn: keep(conn, artifact, operation.owner, 0))
    await served.bridge.operations.close(operation_id, OperationState.COMPLETED)


def events(text: str) -> list[Any]:
    """The events of a stream in order: parsed JSON, and `[DONE]` as it is."""
    lines = [line.removeprefix("data: ") for line in text.splitlines() if line.startswith("data: ")]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]
