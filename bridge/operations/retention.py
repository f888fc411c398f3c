"""Retention: what age and total size remove, and what they would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection, Row, Table, delete, func, insert, select

from bridge import audit
from bridge.accounts import events as happenings
from bridge.files.artifacts import ARTIFACTS
from bridge.files.inputs import INPUTS
from bridge.files.previews import Previews
from bridge.files.storage import DiskStorage
from bridge.files.uploaded import UploadedFiles
from bridge.idempotency.answers import ANSWERS
from bridge.idempotency.records import KEYS
from bridge.operations import expiry, removal
from bridge.operations.events import EVENTS
from bridge.responses import expiry as responses
from bridge.store.engine import Store
from bridge.store.tables import DoomedFileRow
from bridge.vault.blobs import Blobs, PayloadBlobs
from core.clock import utc_now
from core.contracts.retention import RetentionReport
from core.settings import RetentionSettings

DOOMED: Table = DoomedFileRow.metadata.tables[str(DoomedFileRow.__tablename__)]

T = TypeVar("T")

Act: TypeAlias = Callable[[Connection, datetime], int]

_BATCH = 20
_PREVIEWS_KEPT = timedelta(days=1)
_MARGIN = timedelta(days=1)
"""How much longer than Temporal keeps a history its payloads are kept: it forgets late, and clocks differ."""


class Retention:
    """Removes what is old, in short transactions; whatever moment it is killed at, the next round takes up the rest.

    Nothing of an operation that has not ended is touched. Of an artifact the row goes first, so that no operation ever
    names a file that is not there, and the file after it; of an input both go in one transaction, since the same
    picture may be sent again at that very moment.
    """

    def __init__(
        self,
        store: Store,
        rules: RetentionSettings,
        *,
        artifacts: Path,
        inputs: Path,
        blobs: PayloadBlobs,
        uploads: UploadedFiles,
    ) -> None:
        self._store = store
        self._rules = rules
        self._artifacts = DiskStorage(artifacts)
        self._inputs = DiskStorage(inputs)
        self._blobs = blobs
        self._previews = Previews(artifacts)
        self._uploads = uploads

    async def plan(self, *, histories: timedelta | None = None) -> RetentionReport:
        """What `remove` would remove now.

        Args:
            histories: how long Temporal keeps a history after its end; `None` leaves large payloads alone.

        Raises:
            StoreError: the database cannot be read.
        """
        now = utc_now()
        report = await self._store.read(lambda conn: self._plan(conn, now))
        uploads = await self._uploads.expired(_before(now, self._rules.files_days))
        report = _with_inputs(report, uploads)
        payloads = await self._old_payloads(now, histories, self._blobs.old)
        return _with(report, payloads).model_copy(update={"dry_run": True})

    async def remove(self, *, histories: timedelta | None = None) -> RetentionReport:
        """Remove what is old and what is too much, oldest first.

        Args:
            histories: as for `plan`.

        Raises:
            StoreError: the database cannot be written.
        """
        now, rules = utc_now(), self._rules
        await self._unlink_doomed()
        await self._previews.remove_old(now - _PREVIEWS_KEPT)
        events = await self._all(_before(now, rules.events_days), _prune)
        removed = await self._all(_before(now, rules.operations_days), _remove_operations)
        inputs = await self._all(_before(now, rules.inputs_days), self._remove_inputs)
        uploads = await self._uploads.sweep(_before(now, rules.files_days))
        artifacts = [*await self._old_artifacts(now), *await self._excess_artifacts()]
        await self._store.write(lambda conn: _forget_keys(conn, now))
        acts = (audit.forget, happenings.forget, responses.forget)
        records = await self._store.write(lambda conn: self._records(conn, now, *acts))
        payloads = await self._old_payloads(now, histories, self._blobs.remove_old)
        report = RetentionReport(
            operations=len(removed),
            events=sum(events) + sum(removed),
            inputs=len(inputs),
            artifacts=len(artifacts),
            records=records,
            freed_bytes=sum(inputs) + sum(artifacts),
        )
        return _with(_with_inputs(report, uploads), payloads)

    def _plan(self, conn: Connection, now: datetime) -> RetentionReport:
        rules = self._rules
        gone, pruned = _before(now, rules.operations_days), _before(now, rules.events_days)
        unused, aged = _before(now, rules.inputs_days), _before(now, rules.artifacts_days)
        inputs = [] if unused is None else expiry.inputs(conn, unused)
        old = [] if aged is None else list(conn.execute(expiry.artifacts(aged)))
        freed = sum(row.size_bytes for row in old)
        excess: list[Row[Any]] = []
        if rules.artifacts_max_mb:
            known = {row.file_id for row in old}
            rest = (row for row in conn.execute(expiry.artifacts()) if row.file_id not in known)
            excess = list(expiry.beyond(rest, expiry.total_bytes(conn) - freed - self._most_bytes))
        count = select(func.count()).select_from(expiry.operations(gone).subquery()) if gone is not None else None
        return RetentionReport(
            operations=0 if count is None else conn.execute(count).scalar_one(),
            events=expiry.count_events(conn, pruned=pruned, removed=gone),
            inputs=len(inputs),
            artifacts=len(old) + len(excess),
            records=self._records(conn, now, audit.older, happenings.older, responses.older),
            freed_bytes=sum(row.size_bytes for row in [*inputs, *old, *excess]),
        )

    def _records(self, conn: Connection, now: datetime, of_audit: Act, of_accounts: Act, of_responses: Act) -> int:
        """Have something done with the old entries of both logs and what clients keep; returns how many they are."""
        rules = self._rules
        days = (
            (of_audit, rules.audit_days),
            (of_accounts, rules.account_events_days),
            (of_responses, rules.responses_days),
        )
        befores = ((act, _before(now, kept)) for act, kept in days)
        return sum(act(conn, before) for act, before in befores if before is not None)

    @property
    def _most_bytes(self) -> int:
        return int(self._rules.artifacts_max_mb * 1024 * 1024)

    async def _all(self, before: datetime | None, batch: Callable[[Connection, datetime], list[int]]) -> list[int]:
        """Batch after batch, each one transaction, until one finds nothing any more."""
        done: list[int] = []
        if before is None:
            return done
        while found := await self._write(lambda conn: batch(conn, before)):
            done += found
        return done

    def _remove_inputs(self, conn: Connection, before: datetime) -> list[int]:
        found = expiry.inputs(conn, before, _BATCH)
        for row in found:
            conn.execute(delete(INPUTS).where(INPUTS.c.sha256 == row.sha256))
            self._inputs.locate(row.path).unlink(missing_ok=True)
        return [row.size_bytes for row in found]

    async def _old_artifacts(self, now: datetime) -> list[int]:
        def batch(conn: Connection, before: datetime) -> list[int]:
            return _doom(conn, conn.execute(expiry.artifacts(before).limit(_BATCH)).all())

        return await self._unlinking(_before(now, self._rules.artifacts_days), batch)

    async def _excess_artifacts(self) -> list[int]:
        def batch(conn: Connection, _before: datetime) -> list[int]:
            oldest = iter(conn.execute(expiry.artifacts().limit(_BATCH)).all())
            return _doom(conn, list(expiry.beyond(oldest, expiry.total_bytes(conn) - self._most_bytes)))

        return await self._unlinking(utc_now() if self._rules.artifacts_max_mb else None, batch)

    async def _unlinking(
        self, before: datetime | None, batch: Callable[[Connection, datetime], list[int]]
    ) -> list[int]:
        done: list[int] = []
        while before is not None and (found := await self._write(lambda conn: batch(conn, before))):
            await self._unlink_doomed()
            done += found
        return done

    async def _unlink_doomed(self) -> None:
        doomed = await self._store.read(lambda conn: conn.execute(select(DOOMED.c.path)).scalars().all())
        for path in doomed:
            await self._artifacts.remove(path)
        if doomed:
            await self._store.write(lambda conn: conn.execute(delete(DOOMED).where(DOOMED.c.path.in_(doomed))))

    async def _old_payloads(self, now: datetime, histories: timedelta | None, act: Callable[[datetime], Any]) -> Blobs:
        """A payload is as old as its operation at most, and needed for as long as Temporal keeps that one's history."""
        if histories is None:
            return Blobs()
        since = now - histories - _MARGIN
        oldest = await self._store.read(lambda conn: expiry.oldest_remembered(conn, since))
        found: Blobs = await act(since if oldest is None else min(since, oldest))
        return found

    async def _write(self, work: Callable[[Connection], T]) -> T:
        return await self._store.write(work, durable=True)


def _before(now: datetime, days: float) -> datetime | None:
    return now - timedelta(days=days) if days else None


def _with(report: RetentionReport, payloads: Blobs) -> RetentionReport:
    return report.model_copy(
        update={"payloads": payloads.count, "freed_bytes": report.freed_bytes + payloads.size_bytes}
    )


def _with_inputs(report: RetentionReport, sizes: Sequence[int]) -> RetentionReport:
    """With the files that clients uploaded."""
    freed = report.freed_bytes + sum(sizes)
    return report.model_copy(update={"inputs": report.inputs + len(sizes), "freed_bytes": freed})


def _prune(conn: Connection, before: datetime) -> list[int]:
    """Remove events of some operations; the last one stays, so that whoever watches learns of the end."""
    return [
        conn.execute(delete(EVENTS).where(EVENTS.c.operation_id == row.id, EVENTS.c.number < row.last_event)).rowcount
        for row in conn.execute(expiry.with_events(before).limit(_BATCH)).all()
    ]


def _remove_operations(conn: Connection, before: datetime) -> list[int]:
    """Remove some operations; returns how many events each still had."""
    counts: list[int] = []
    for row in conn.execute(expiry.operations(before).limit(_BATCH)).all():
        own = select(func.count()).select_from(EVENTS).where(EVENTS.c.operation_id == row.id)
        counts.append(conn.execute(own).scalar_one())
        removal.remove(conn, row.id, row.owner, files=False)
    return counts


def _doom(conn: Connection, rows: Sequence[Row[Any]]) -> list[int]:
    """Remove rows of artifacts, and note their files."""
    for row in rows:
        conn.execute(delete(ARTIFACTS).where(ARTIFACTS.c.file_id == row.file_id))
        conn.execute(insert(DOOMED).prefix_with("OR IGNORE", dialect="sqlite").values(path=row.path))
    return [row.size_bytes for row in rows]


def _forget_keys(conn: Connection, now: datetime) -> None:
    """Idempotency keys and kept answers whose day is over stand for nothing any more."""
    conn.execute(delete(KEYS).where(KEYS.c.expires_at <= now))
    conn.execute(delete(ANSWERS).where(ANSWERS.c.expires_at <= now))
