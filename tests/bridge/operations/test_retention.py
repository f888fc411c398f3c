"""What age and total size remove, and what they leave alone."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, insert, select, update

from bridge import audit
from bridge.accounts.events import AccountEvents, happened
from bridge.files.artifacts import ARTIFACTS, Artifacts
from bridge.files.inputs import INPUTS, Inputs
from bridge.files.previews import Previews
from bridge.files.storage import DiskStorage
from bridge.files.uploaded import FILES
from bridge.idempotency.answers import ANSWERS
from bridge.idempotency.records import KEYS
from bridge.operations.events import EVENTS
from bridge.operations.records import Operations
from bridge.operations.retention import DOOMED, Retention
from bridge.operations.rows import OPERATIONS
from bridge.store.engine import Store
from bridge.store.types import to_microseconds
from bridge.vault.blobs import PayloadBlobs
from core.clock import utc_now
from core.contracts.images import ImageForm
from core.contracts.inputs import InputRef
from core.contracts.operations import OperationState
from core.contracts.retention import RetentionReport
from core.errors import GoneError, NotFoundError
from core.settings import RetentionSettings, load
from tests.bridge.operations.test_admission import OneAccount
from tests.fakes.files import upload, uploaded
from tests.fakes.upstream import png
from tests.fixtures.durable import admission

NOTHING = {"operations_days": 0, "events_days": 0, "inputs_days": 0}


@dataclass
class Desk:
    """A bridge's rows and files, and a retention of any rules."""

    root: Path
    store: Store

    def __post_init__(self) -> None:
        self.operations = Operations(self.store, OneAccount())  # type: ignore[arg-type]
        self.artifacts = Artifacts(self.store, self.root / "artifacts")
        self.inputs = Inputs(self.store, self.root / "inputs")
        self.uploads = uploaded(self.store, self.root)
        self.blobs = PayloadBlobs(self.root / "payloads")

    def rules(self, **days: float) -> Retention:
        return Retention(
            self.store,
            load(RetentionSettings, **{**NOTHING, **days}),
            artifacts=self.root / "artifacts",
            inputs=self.root / "inputs",
            blobs=self.blobs,
            uploads=self.uploads,
        )

    async def operation(self, name: str, *, days: float | None = None, colour: str = "red") -> str:
        """An operation with a picture; ended `days` ago, or still running. Returns the picture's id."""
        record = (await self.operations.admit(admission(operation_id=name))).record
        picture = await self.artifacts.write_image(record, 0, png(colour))
        if days is None:
            await self.store.write(
                lambda conn: conn.execute(
                    insert(ARTIFACTS).values(**picture.model_dump(), owner=record.owner, position=0)
                )
            )
        else:
            await self.operations.close(name, OperationState.COMPLETED, results=(picture,))
        then = ago(1000 if days is None else days)
        times = {"created_at": then} if days is None else {"created_at": then, "finished_at": then}
        await self._set(OPERATIONS, OPERATIONS.c.id == name, **times)
        await self._set(ARTIFACTS, ARTIFACTS.c.operation_id == name, created_at=then)
        return picture.file_id

    async def input(self, colour: str, *, days: float) -> InputRef:
        ref = await self.inputs.store(png(colour), name="x.png")
        await self._set(INPUTS, INPUTS.c.sha256 == ref.sha256, used_at=ago(days))
        return ref

    async def payload(self, content: bytes, *, days: float) -> str:
        digest = await self.blobs.put(content)
        then = ago(days).timestamp()
        os.utime(self.root / "payloads" / digest[:2] / digest, (then, then))
        return digest

    async def count(self, table: Any, *where: Any) -> int:
        asked = select(func.count()).select_from(table).where(*where)
        return await self.store.read(lambda conn: conn.execute(asked).scalar_one())

    async def _set(self, table: Any, where: Any, **values: Any) -> None:
        await self.store.write(lambda conn: conn.execute(update(table).where(where).values(**values)))


def ago(days: float) -> datetime:
    return utc_now() - timedelta(days=days)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    return Desk(tmp_path, store)


async def test_old_operations_go_and_leave_their_pictures(desk: Desk) -> None:
    picture = await desk.operation("old", days=11)
    await desk.operation("young", days=9)
    retention = desk.rules(operations_days=10)

    planned, removed = await retention.plan(), await retention.remove()

    assert await desk.operations.find("old") is None
    assert await desk.operations.find("young") is not None
    assert await desk.count(EVENTS, EVENTS.c.operation_id == "old") == 0
    kept, path = await desk.artifacts.get(picture)
    assert (kept.operation_id, path.exists()) == (None, True)
    assert removed == RetentionReport(operations=1, events=planned.events)
    assert planned == removed.model_copy(update={"dry_run": True})
    assert removed.events > 0


async def test_nothing_of_an_unfinished_operation_goes_however_old(desk: Desk) -> None:
    ref = await desk.input("blue", days=1000)
    request = {"request": {"inputs": [ref.model_dump(mode="json")]}}
    picture = await desk.operation("running")
    await desk._set(OPERATIONS, OPERATIONS.c.id == "running", **request)
    payload = await desk.payload(b"sealed", days=999)
    before = await desk.count(EVENTS)
    everything = desk.rules(
        operations_days=1, events_days=1, inputs_days=1, artifacts_days=1, artifacts_max_mb=0.000001
    )

    planned = await everything.plan(histories=timedelta(days=1))
    removed = await everything.remove(histories=timedelta(days=1))

    assert removed == RetentionReport()
    assert planned == RetentionReport(dry_run=True)
    assert await desk.operations.find("running") is not None
    assert await desk.count(EVENTS) == before
    assert (await desk.artifacts.get(picture))[1].exists()
    assert await desk.inputs.read(ref) == png("blue")
    assert await desk.blobs.get(payload) == b"sealed"


async def test_of_old_events_the_last_one_stays(desk: Desk) -> None:
    await desk.operation("old", days=5)
    await desk.operation("young", days=3)
    young = await desk.count(EVENTS, EVENTS.c.operation_id == "young")
    retention = desk.rules(events_days=4)

    planned, removed = await retention.plan(), await retention.remove()

    page = await desk.operations.events("old", "primary", after=0, limit=10)
    assert [event.number for event in page.items] == [page.last_event]
    assert page.items[0].data["state"] == "completed"
    assert page.ended
    assert await desk.count(EVENTS, EVENTS.c.operation_id == "young") == young
    assert removed.events == planned.events == page.last_event - 1
    assert await retention.remove() == RetentionReport()


async def test_old_pictures_go_with_row_and_file_and_their_operation_stays(desk: Desk) -> None:
    old, young = await desk.operation("old", days=5), await desk.operation("young", days=3)
    path = (await desk.artifacts.get(old))[1]
    retention = desk.rules(artifacts_days=4)

    planned, removed = await retention.plan(), await retention.remove()

    assert not path.exists()
    with pytest.raises(NotFoundError):
        await desk.artifacts.get(old)
    found = await desk.operations.find("old")
    assert found is not None
    assert found.artifacts == ()
    assert (await desk.artifacts.get(young))[1].exists()
    assert (removed.artifacts, removed.freed_bytes) == (planned.artifacts, planned.freed_bytes) == (1, len(png("red")))


async def test_beyond_the_total_size_the_oldest_go_first(desk: Desk) -> None:
    ids = {days: await desk.operation(f"n{days}", days=days) for days in (3, 1, 5, 2, 4)}
    running = await desk.operation("running")
    most = len(png("red")) * 3
    retention = desk.rules(artifacts_max_mb=most / 1024 / 1024)

    planned, removed = await retention.plan(), await retention.remove()

    left = {days for days, file_id in ids.items() if await desk.count(ARTIFACTS, ARTIFACTS.c.file_id == file_id)}
    assert left == {1, 2}
    assert (await desk.artifacts.get(running))[1].exists()
    assert removed.artifacts == planned.artifacts == 3


async def test_age_and_size_together_count_every_picture_once(desk: Desk) -> None:
    for days in range(1, 6):
        await desk.operation(f"n{days}", days=days)
    retention = desk.rules(artifacts_days=3.5, artifacts_max_mb=len(png("red")) * 2 / 1024 / 1024)

    planned, removed = await retention.plan(), await retention.remove()

    assert removed.artifacts == planned.artifacts == 3
    assert await desk.count(ARTIFACTS) == 2


async def test_more_than_one_batch_is_removed(desk: Desk) -> None:
    for number in range(45):
        await desk.operation(f"n{number}", days=2)

    removed = await desk.rules(artifacts_days=1, operations_days=1).remove()

    assert (removed.operations, removed.artifacts) == (45, 45)
    assert [path for path in (desk.root / "artifacts").rglob("*") if path.is_file()] == []


async def test_inputs_go_by_their_last_use(desk: Desk) -> None:
    old, young = await desk.input("red", days=5), await desk.input("blue", days=3)
    retention = desk.rules(inputs_days=4)

    planned, removed = await retention.plan(), await retention.remove()

    with pytest.raises(GoneError):
        await desk.inputs.read(old)
    assert await desk.inputs.read(young) == png("blue")
    assert await desk.count(INPUTS) == 1
    assert (removed.inputs, removed.freed_bytes) == (planned.inputs, planned.freed_bytes) == (1, len(png("red")))
    again = await desk.inputs.store(png("red"), name="again.png")
    assert await desk.inputs.read(again) == png("red")


async def test_payloads_are_kept_as_long_as_temporal_may_ask_for_them(desk: Desk) -> None:
    await desk.operation("late", days=6)
    await desk._set(OPERATIONS, OPERATIONS.c.id == "late", created_at=ago(30))
    during, before = await desk.payload(b"during", days=29), await desk.payload(b"before", days=31)
    retention = desk.rules()

    assert await retention.remove() == RetentionReport()
    planned = await retention.plan(histories=timedelta(days=7))
    removed = await retention.remove(histories=timedelta(days=7))

    assert await desk.blobs.get(during) == b"during"
    with pytest.raises(GoneError):
        await desk.blobs.get(before)
    assert (removed.payloads, removed.freed_bytes) == (planned.payloads, planned.freed_bytes) == (1, len(b"before"))


async def test_keys_and_answers_whose_day_is_over_go(desk: Desk) -> None:
    def fill(conn: Any) -> None:
        for name, days in (("over", -1), ("good", 1)):
            common = {"owner": "primary", "route": "/r", "key": name, "digest": "d", "expires_at": ago(-days)}
            conn.execute(insert(KEYS).values(**common, operation_id="x"))
            conn.execute(insert(ANSWERS).values(**common, sealed="enc:v1:x"))

    await desk.store.write(fill)

    await desk.rules().remove()

    for table in (KEYS, ANSWERS):
        assert await desk.store.read(lambda conn, table=table: conn.execute(select(table.c.key)).scalars().all()) == [
            "good"
        ]


class _Killed(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("moment", ["before its file is removed", "behind its file"])
async def test_killed_in_between_nothing_names_a_missing_file_and_the_next_round_takes_it_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    picture = await desk.operation("old", days=5)
    path = (await desk.artifacts.get(picture))[1]
    usual = DiskStorage.remove

    async def killed(storage: DiskStorage, name: str) -> None:
        if moment == "behind its file":
            await usual(storage, name)
        raise _Killed

    retention = desk.rules(artifacts_days=4)
    monkeypatch.setattr(DiskStorage, "remove", killed)
    with pytest.raises(_Killed):
        await retention.remove()
    monkeypatch.undo()

    found = await desk.operations.find("old")
    assert found is not None
    assert found.artifacts == ()
    assert path.exists() is (moment == "before its file is removed")
    await retention.remove()
    assert not path.exists()
    assert await desk.count(DOOMED) == 0


async def test_by_default_no_picture_of_an_operation_ever_goes(desk: Desk) -> None:
    picture = await desk.operation("old", days=300)
    retention = Retention(
        desk.store,
        load(RetentionSettings),
        artifacts=desk.root / "artifacts",
        inputs=desk.root / "inputs",
        blobs=desk.blobs,
        uploads=desk.uploads,
    )

    removed = await retention.remove(histories=timedelta(days=7))

    assert (removed.operations, removed.artifacts) == (1, 0)
    assert (await desk.artifacts.get(picture))[1].exists()


async def test_old_records_of_changes_and_accounts_go_by_their_own_days(desk: Desk) -> None:
    def written(conn: Any) -> None:
        for days in (400, 100, 1):
            happened(conn, "plus", "capture.added", ago(days))
            audit.record(conn, "me", "limits.changed", "limits")
            conn.exec_driver_sql(
                "UPDATE audit SET at = ? WHERE number = last_insert_rowid()", (to_microseconds(ago(days)),)
            )

    await desk.store.write(written)
    retention = desk.rules(audit_days=365, account_events_days=90)
    planned, removed, again = await retention.plan(), await retention.remove(), await retention.plan()

    assert (planned.records, removed.records, again.records) == (3, 3, 0)
    assert len((await audit.AuditLog(desk.store).page()).items) == 2
    assert len(await AccountEvents(desk.store).page()) == 1
    assert (await desk.rules(audit_days=0, account_events_days=0).remove()).records == 0


async def test_previews_go_after_a_day(desk: Desk) -> None:
    previews = Previews(desk.root / "artifacts")
    old, new = [(await previews.write(name, "asset", png(), ImageForm()))[0] for name in ("old", "new")]
    then = ago(1.1).timestamp()
    os.utime((desk.root / "artifacts" / "previews" / old).parent, (then, then))

    await desk.rules().remove()

    assert await previews.read(old) is None
    assert await previews.read(new) == png()


async def test_uploaded_files_go_when_their_time_is_over(desk: Desk) -> None:
    kept = await upload(desk.uploads, b"kept")
    gone = await upload(desk.uploads, b"gone!", expires_seconds=3600)
    expired = update(FILES).where(FILES.c.file_id == gone.file_id).values(expires_at=utc_now())
    await desk.store.write(lambda conn: conn.execute(expired))

    planned, removed = await desk.rules().plan(), await desk.rules().remove()

    assert removed == RetentionReport(inputs=1, freed_bytes=5)
    assert planned == removed.model_copy(update={"dry_run": True})
    assert desk.uploads.locate(kept).is_file()
    assert not desk.uploads.locate(gone).exists()


async def test_age_removes_uploaded_files_where_that_is_set(desk: Desk) -> None:
    old = await upload(desk.uploads, b"old!")
    await desk.store.write(lambda conn: conn.execute(update(FILES).values(created_at=ago(10))))

    assert (await desk.rules(files_days=11).remove()).inputs == 0
    assert (await desk.rules(files_days=9).remove()).inputs == 1
    assert not desk.uploads.locate(old).exists()
