"""Files that were uploaded and files that were made are one list, each owner's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import pytest
from sqlalchemy import update

from bridge.files.artifacts import ARTIFACTS, Artifacts, keep
from bridge.files.library import Library
from bridge.files.uploaded import FILES
from bridge.operations.records import Operations
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.files import FileRecord
from core.errors import GoneError, InvalidRequestError, NotFoundError, RequestTooLargeError
from tests.bridge.operations.test_admission import OneAccount
from tests.fakes.files import library, upload, uploaded
from tests.fakes.upstream import png
from tests.fixtures.durable import admission


@pytest.fixture
def files(store: Store, tmp_path: Path) -> Library:
    return library(store, tmp_path)


async def made(store: Store, root: Path, owner: str = "primary") -> str:
    """A picture that an operation made; its id."""
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    record = (await operations.admit(admission(owner=owner))).record
    artifact = await Artifacts(store, root / "artifacts").write_image(record, 0, png())
    await store.write(lambda conn: keep(conn, artifact, owner, 0))
    return artifact.file_id


async def listed(files: Library, owner: str = "primary", **changes: Any) -> tuple[list[str], bool]:
    asked: dict[str, Any] = {"purpose": None, "after": None, "limit": 100, "order": "asc"}
    page = await files.page(owner, **{**asked, **changes})
    return [record.file_id for record in page.items], page.has_more


async def test_both_are_listed_by_time_in_either_order(files: Library, store: Store, tmp_path: Path) -> None:
    first = await upload(uploaded(store, tmp_path), b"one")
    second = await made(store, tmp_path)
    third = await upload(uploaded(store, tmp_path), b"three", purpose="vision")
    await upload(uploaded(store, tmp_path), b"foreign", owner="other")
    await made(store, tmp_path, owner="other")
    ids = [first.file_id, second, third.file_id]

    assert await listed(files) == (ids, False)
    assert await listed(files, order="desc") == (ids[::-1], False)
    assert await listed(files, purpose="assistants_output") == ([second], False)
    assert await listed(files, purpose="vision") == ([third.file_id], False)
    assert await listed(files, "nobody") == ([], False)


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_follow_one_another_also_where_the_time_is_the_same(
    files: Library, store: Store, tmp_path: Path, order: Literal["asc", "desc"]
) -> None:
    for number in range(5):
        await upload(uploaded(store, tmp_path), bytes([65 + number]))
    for _ in range(2):
        await made(store, tmp_path)
    now = utc_now()
    for table in (FILES, ARTIFACTS):
        await store.write(lambda conn, table=table: conn.execute(update(table).values(created_at=now)))  # type: ignore[misc]
    whole, _ = await listed(files, order=order)

    found: list[str] = []
    more = True
    while more:
        ids, more = await listed(files, order=order, limit=2, after=found[-1] if found else None)
        found += ids

    assert found == whole
    assert len(set(found)) == 7


async def test_a_page_begins_behind_a_file_of_its_owner_only(files: Library, store: Store, tmp_path: Path) -> None:
    foreign = await upload(uploaded(store, tmp_path), b"x", owner="other")

    for after in ("file-0", foreign.file_id, ""):
        with pytest.raises(InvalidRequestError) as refusal:
            await listed(files, after=after)
        assert refusal.value.param == "after"


async def test_a_file_is_found_by_its_id_with_and_without_its_prefix(
    files: Library, store: Store, tmp_path: Path
) -> None:
    for file_id in ((await upload(uploaded(store, tmp_path), b"one")).file_id, await made(store, tmp_path)):
        for given in (file_id, f"file-{file_id}"):
            assert (await files.get(given, "primary")).file_id == file_id
            assert (await files.get(given, None)).file_id == file_id
            assert (await files.read(given, "primary", most_bytes=500, param="x")).record.file_id == file_id
            with pytest.raises(NotFoundError):
                await files.get(given, "other")


async def test_what_has_expired_is_not_there(files: Library, store: Store, tmp_path: Path) -> None:
    record = await upload(uploaded(store, tmp_path), b"one", expires_seconds=3600)
    await store.write(lambda conn: conn.execute(update(FILES).values(expires_at=utc_now())))

    assert await listed(files) == ([], False)
    with pytest.raises(NotFoundError):
        await files.get(record.file_id, "primary")
    with pytest.raises(NotFoundError):
        await files.remove(record.file_id, "primary", actor="test")


async def test_bytes_are_read_as_far_as_they_may_be(files: Library, store: Store, tmp_path: Path) -> None:
    record = await upload(uploaded(store, tmp_path), b"12345", "five.txt")

    found = await files.read(record.file_id, "primary", most_bytes=5, param="images[0].file_id")
    assert (found.content, found.record.filename) == (b"12345", "five.txt")
    for error, owner, most in ((RequestTooLargeError, "primary", 4), (NotFoundError, "other", 5)):
        with pytest.raises(error) as refusal:
            await files.read(record.file_id, owner, most_bytes=most, param="images[0].file_id")
        assert refusal.value.param == "images[0].file_id"
    (tmp_path / "files" / record.path).unlink()
    with pytest.raises(GoneError):
        await files.read(record.file_id, "primary", most_bytes=5, param="x")


async def test_both_kinds_are_removed_with_their_bytes(files: Library, store: Store, tmp_path: Path) -> None:
    ids = [(await upload(uploaded(store, tmp_path), b"one")).file_id, await made(store, tmp_path)]
    records: list[FileRecord] = [await files.get(file_id, None) for file_id in ids]
    paths = [await files.locate(record) for record in records]

    with pytest.raises(NotFoundError):
        await files.remove(ids[0], "other", actor="test")
    for file_id in ids:
        await files.remove(f"file-{file_id}", "primary", actor="test")

    assert [path.exists() for path in paths] == [False, False]
    assert await listed(files) == ([], False)
