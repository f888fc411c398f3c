"""Opens everything that all processes share, in order, and closes it in reverse; the one place that names a vendor."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

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
from bridge.care.care import Care
from bridge.chat.uploads import Uploads
from bridge.files.artifacts import Artifacts
from bridge.files.fetcher import Fetcher
from bridge.files.inputs import Inputs
from bridge.files.kept import KeptFiles
from bridge.files.library import Library
from bridge.files.local import LocalFolder
from bridge.files.previews import Previews
from bridge.files.references import References
from bridge.files.reports import Reports
from bridge.files.uploaded import UploadedFiles
from bridge.idempotency.answers import KeptAnswers
from bridge.keys.book import ApiKeys
from bridge.operations.feed import Feed
from bridge.operations.records import Operations
from bridge.operations.removal import Removal
from bridge.operations.researches import Researches
from bridge.operations.reserving import Reservations
from bridge.operations.results import Results
from bridge.operations.retention import Retention
from bridge.operations.submissions import Submissions
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
from bridge.vault import Keyring, Vault, rotation
from bridge.vault.blobs import PayloadBlobs
from core.errors import SettingError
from core.settings import InputSettings, Settings
from provider.chatgpt_web.adapter import ChatGPTWeb
from provider.interface.quota import QuotaWatcher
from provider.interface.session import Provider


@dataclass(frozen=True, slots=True)
class Bridge:
    """Everything a process of the bridge works with, open."""

    settings: Settings
    store: Store
    vault: Vault
    keyring: Keyring
    blobs: PayloadBlobs
    provider: Provider
    registry: Registry
    captures: Captures
    changes: AccountChanges
    account_events: AccountEvents
    overview: Overview
    checks: AccountChecks
    outcomes: Outcomes
    limits: SlotLimits
    cooldowns: Cooldowns
    quota: Quota
    care: Care
    usage: UsageCounters
    pool: Pool
    chat_uploads: Uploads
    operations: Operations
    reservations: Reservations
    submissions: Submissions
    results: Results
    researches: Researches
    reports: Reports
    feed: Feed
    removal: Removal
    retention: Retention
    artifacts: Artifacts
    kept_files: KeptFiles
    previews: Previews
    inputs: Inputs
    uploaded: UploadedFiles
    library: Library
    references: References
    answers: KeptAnswers
    responses: KeptResponses
    conversations: KeptConversations
    sealing: Sealing
    keys: ApiKeys
    audit: AuditLog
    presence: ProcessPresence


def prepare(settings: Settings) -> None:
    """Make the folders, bring the database to the newest revision and see whether the key opens the captures.

    Safe when several processes do it at once.

    Raises:
        SettingError: a folder cannot be made, or the database's address is no good.
        StoreError: the database cannot be migrated.
        VaultKeyError: the passphrase or key file does not open what is encrypted.
    """
    _prepare(settings, Vault.of(settings.accounts))


@asynccontextmanager
async def open_bridge(settings: Settings, *, process: str) -> AsyncIterator[Bridge]:
    """The bridge for one process, after `prepare`; everything is closed when the block is left.

    Args:
        process: `api`, `worker`, ...: what this process is called in the database.

    Raises:
        SettingError, StoreError, VaultKeyError: as `prepare`; a concurrency setting is malformed.
    """
    limits, vault = BucketLimits.of(settings.accounts), Vault.of(settings.accounts)
    await asyncio.to_thread(_prepare, settings, vault)
    async with AsyncExitStack() as stack:
        store = Store.open(settings.storage.database)
        stack.push_async_callback(store.aclose)
        presence = ProcessPresence(store, kind=process)
        await presence.start()
        stack.push_async_callback(presence.aclose)
        bridge = _assemble(settings, store, vault, presence, limits)
        await bridge.quota.start()
        stack.push_async_callback(bridge.usage.aclose)
        stack.push_async_callback(bridge.quota.aclose)
        stack.push_async_callback(bridge.pool.aclose)
        stack.push_async_callback(bridge.feed.aclose)
        stack.push_async_callback(bridge.keys.aclose)
        yield bridge


def _prepare(settings: Settings, vault: Vault) -> None:
    storage = settings.storage
    for folder, name in ((storage.data_dir, "CHATGPT_DATA_DIR"), (storage.artifacts_dir, "CHATGPT_IMAGE_OUTPUT_DIR")):
        _make_private(folder, name)
    migrate(storage.database)
    rotation.recover(settings.accounts.accounts_dir, vault.keyring)
    vault.check()


def _assemble(
    settings: Settings, store: Store, vault: Vault, presence: ProcessPresence, limits: BucketLimits
) -> Bridge:
    book, accounts, storage = QuotaBook(), settings.accounts, settings.storage
    vendor = provider(settings, book)
    registry = Registry(store, vault, vendor, limits, judge=book.judge, pool=accounts.accounts, first=accounts.account)
    outcomes = Outcomes(store, registry)
    pool = Pool(
        registry,
        outcomes,
        Sessions(registry, vault, vendor),
        process_id=presence.process_id,
        queue_limit=settings.queue.limit,
        patience_seconds=settings.queue.patience_seconds,
        strategy=accounts.strategy,
    )
    registry.on_changed = pool.serve_line
    quota = Quota(
        book, settings.quota, store=store, vault=vault, registry=registry, lend=pool.session, report=pool.report
    )
    artifacts, kept = Artifacts(store, storage.artifacts_dir), KeptFiles(store, storage.artifacts_dir)
    uploads = UploadedFiles(
        store, storage.files_dir, most_bytes=settings.files.max_file_bytes, quota_bytes=settings.files.quota_bytes
    )
    library = Library(store, uploads, kept, storage.artifacts_dir)
    blobs, keys = PayloadBlobs(storage.payloads_dir), ApiKeys(store)
    return Bridge(
        settings=settings,
        store=store,
        vault=vault,
        keyring=vault.keyring,
        blobs=blobs,
        provider=vendor,
        registry=registry,
        captures=Captures(store, vault, vendor, registry, quota.keeper),
        changes=AccountChanges(store, registry),
        account_events=AccountEvents(store),
        overview=Overview(store, vault, vendor, registry),
        checks=AccountChecks(registry, quota, pool.session, pool.report, Reopening(vault, vendor, registry, outcomes)),
        outcomes=outcomes,
        limits=SlotLimits(store, registry, limits),
        cooldowns=Cooldowns(store, registry, quota.keeper),
        quota=quota,
        care=Care(store, registry, quota, pool.report),
        usage=UsageCounters(store),
        pool=pool,
        chat_uploads=Uploads(),
        operations=Operations(
            store,
            registry,
            idempotency_hours=settings.operations.idempotency_hours,
            strategy=accounts.strategy,
            begin=keys.begin,
        ),
        reservations=Reservations(store, registry, pool, preflight=quota.before_operation),
        submissions=Submissions(store),
        results=Results(store),
        researches=Researches(store),
        reports=Reports(storage.artifacts_dir),
        feed=Feed(store),
        removal=Removal(store, storage.artifacts_dir),
        retention=Retention(
            store,
            settings.retention,
            artifacts=storage.artifacts_dir,
            inputs=storage.inputs_dir,
            blobs=blobs,
            uploads=uploads,
        ),
        artifacts=artifacts,
        kept_files=kept,
        previews=Previews(storage.artifacts_dir),
        inputs=Inputs(store, storage.inputs_dir),
        uploaded=uploads,
        library=library,
        references=references(settings.inputs, library),
        answers=KeptAnswers(
            store, vault.keyring, process_id=presence.process_id, hours=settings.operations.idempotency_hours
        ),
        responses=KeptResponses(store, vault.keyring),
        conversations=KeptConversations(store, vault.keyring),
        sealing=Sealing(vault.keyring),
        keys=keys,
        audit=AuditLog(store),
        presence=presence,
    )


def references(settings: InputSettings, library: Library) -> References:
    """What requests may refer to, as the settings say."""
    most = settings.max_input_bytes
    return References(
        Fetcher(allow=settings.fetch_allow, most_bytes=most, limit_seconds=settings.fetch_seconds),
        library,
        LocalFolder(settings.input_root, most_bytes=most),
        most_bytes=most,
        most_together_bytes=settings.max_input_body_bytes,
    )


def provider(settings: Settings, quota: QuotaWatcher | None = None) -> Provider:
    """The vendor, as the settings say; also for a command that asks it without a database.

    Args:
        quota: who is told what is learnt of quotas on the way.
    """
    upstream = settings.upstream
    return ChatGPTWeb(
        base_url=upstream.base_url,
        timeout_seconds=upstream.timeout_seconds,
        connect_seconds=upstream.connect_seconds,
        idle_seconds=upstream.idle_seconds,
        prepare=upstream.prepare,
        poll_seconds=settings.operations.research_poll_seconds,
        quota=quota,
    )


def _make_private(folder: Path, variable: str) -> None:
    """A folder that exists keeps its mode: it may be one that the operator shares on purpose."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingError(f"{variable}: {folder} cannot be made: {error.strerror}") from None
