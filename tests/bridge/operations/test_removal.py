"""An operation that has ended can be removed, with its files or without."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, Table, func, insert, select

from bridge.files.artifacts import ARTIFACTS, Artifacts
from bridge.files.previews import Previews
from bridge.idempotency.records import KEYS
from bridge.operations.events import EVENTS
from bridge.operations.records import Operations
from bridge.operations.removal import Removal
from bridge.operations.results import Results
from bridge.operations.rows import OPERATIONS, RESEARCHES, RESULTS, SUBMISSIONS
from bridge.operations.uploads import UPLOADS
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.images import ImageForm
from core.contracts.operations import OperationState
from core.errors import GoneError, NotFoundError, OperationIdTakenError, OperationNotFinishedError
from tests.bridge.operations.test_admission import OneAccount
from tests.fakes.upstream import png
from tests.fixtures.durable import admission

TABLES = (EVENTS, RESULTS, RESEARCHES, UPLOADS, SUBMISSIONS)


@pytest.fixture
def operations(store: Store) -> Operations:
    return Operations(store, OneAccount())  # type: ignore[arg-type]


@pytest.fixture
def artifacts(store: Store, tmp_path: Path) -> Artifacts:
    return Artifacts(store, tmp_path / "artifacts")


@pytest.fixture
def removal(store: Store, tmp_path: Path) -> Removal:
    return Removal(store, tmp_path / "artifacts")


@pytest.fixture
async def file_id(operations: Operations, artifacts: Artifacts, store: Store) -> str:
    """The picture of the operation `mine`, which has ended and left a trace in every table."""
    record = (await operations.admit(admission(operation_id="mine", idempotency_key="k"))).record
    await Results(store).extend("mine", None, "words")
    now = utc_now()

    def leave_traces(conn: Connection) -> None:
        conn.execute(insert(UPLOADS).values(operation_id="mine", position=0, account="a", file_id="f", uploaded_at=now))
        conn.execute(insert(RESEARCHES).values(operation_id="mine", offset="0", edits=0, updated_at=now))

    await store.write(leave_traces)
    picture = await artifacts.write_image(record, 0, png())
    await operations.close("mine", OperationState.COMPLETED, results=(picture,))
    return picture.file_id


async def count(store: Store, table: Table) -> int:
    """How many rows of the operation there are; of keys, those that are not about removed ones."""
    column = table.c.id if table is OPERATIONS else table.c.operation_id
    asked = select(func.count()).select_from(table).where(column == "mine")
    if table is KEYS:
        asked = asked.where(KEYS.c.owner != "")
    return await store.read(lambda conn: conn.execute(asked).scalar_one())


async def test_nothing_of_it_is_left_but_its_files(
    operations: Operations, removal: Removal, artifacts: Artifacts, store: Store, file_id: str
) -> None:
    assert all([await count(store, table) for table in (*TABLES, OPERATIONS, KEYS, ARTIFACTS)])

    await removal.remove("mine", "primary", files=False, actor="me")

    assert [await count(store, table) for table in (*TABLES, OPERATIONS, KEYS, ARTIFACTS)] == [0] * 8
    kept, path = await artifacts.get(file_id)
    assert (kept.operation_id, path.read_bytes()) == (None, png())


async def test_its_files_go_where_that_is_asked(
    removal: Removal, artifacts: Artifacts, tmp_path: Path, file_id: str
) -> None:
    await removal.remove("mine", "primary", files=True, actor="me")

    with pytest.raises(NotFoundError):
        await artifacts.get(file_id)
    assert [path for path in (tmp_path / "artifacts").rglob("*") if path.is_file()] == []


async def test_a_file_that_is_gone_already_is_no_hindrance(
    removal: Removal, artifacts: Artifacts, operations: Operations, file_id: str
) -> None:
    (await artifacts.get(file_id))[1].unlink()
    with pytest.raises(GoneError):
        await artifacts.get(file_id)

    await removal.remove("mine", "primary", files=True, actor="me")

    assert await operations.find("mine") is None


async def test_only_its_owner_removes_it_and_only_once_it_has_ended(removal: Removal, operations: Operations) -> None:
    await operations.admit(admission(operation_id="mine"))

    with pytest.raises(NotFoundError):
        await removal.remove("mine", "somebody", files=True, actor="me")
    with pytest.raises(OperationNotFinishedError):
        await removal.remove("mine", "primary", files=True, actor="me")
    with pytest.raises(NotFoundError):
        await removal.remove("none", "primary", files=True, actor="me")
    assert await operations.find("mine") is not None


async def test_its_id_is_never_given_out_again_and_its_key_is_free(
    removal: Removal, operations: Operations, file_id: str
) -> None:
    await removal.remove("mine", "primary", files=False, actor="me")

    with pytest.raises(OperationIdTakenError):
        await operations.admit(admission(operation_id="mine"))
    assert (await operations.admit(admission(idempotency_key="k"))).created


async def test_what_repeated_it_stays_and_names_nobody(removal: Removal, operations: Operations, file_id: str) -> None:
    again = (await operations.admit(admission(rerun_of="mine"))).record

    await removal.remove("mine", "primary", files=False, actor="me")

    assert (await operations.get(again.id, "primary")).rerun_of is None


@pytest.mark.parametrize("files", [True, False])
async def test_its_previews_go_with_it(removal: Removal, file_id: str, tmp_path: Path, files: bool) -> None:
    previews = Previews(tmp_path / "artifacts")
    name, _ = await previews.write("mine", "asset", png(), ImageForm())

    await removal.remove("mine", "primary", files=files, actor="test")

    assert await previews.read(name) is None
