"""Uploaded files: there whole or not at all, the bytes once for all who sent them."""

from __future__ import annotations

import asyncio
import hashlib
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from bridge.files.uploaded import FILES, UploadedFiles
from bridge.store.engine import Store
from core.clock import utc_now
from core.contracts.files import FileTerms
from core.errors import FileQuotaError, RequestTooLargeError, StoreError
from tests.fakes.files import upload, uploaded


@pytest.fixture
def files(store: Store, tmp_path: Path) -> UploadedFiles:
    return uploaded(store, tmp_path)


def lying(root: Path) -> list[Path]:
    return sorted(path for path in (root / "files").rglob("*") if path.is_file())


async def rows(store: Store) -> int:
    return await store.read(lambda conn: len(conn.execute(FILES.select()).all()))


async def test_a_file_is_kept_with_what_is_known_of_it(files: UploadedFiles, tmp_path: Path) -> None:
    record = await upload(files, b"hello\n", "notes.md", purpose="assistants", expires_seconds=3600)

    path = files.locate(record)
    assert path.read_bytes() == b"hello\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (record.filename, record.content_type, record.size_bytes) == ("notes.md", "text/markdown", 6)
    assert record.sha256 == hashlib.sha256(b"hello\n").hexdigest()
    assert record.expires_at == record.created_at + timedelta(hours=1)
    assert lying(tmp_path) == [path]


async def test_equal_bytes_are_kept_once_and_go_with_the_last_who_has_them(
    files: UploadedFiles, store: Store, tmp_path: Path
) -> None:
    first = await upload(files, b"same", "a.txt")
    second = await upload(files, b"same", "b.txt", owner="other")

    assert first.file_id != second.file_id
    assert len(lying(tmp_path)) == 1
    await files.remove(first.file_id)
    assert files.locate(second).read_bytes() == b"same"
    await files.remove(second.file_id)
    assert (lying(tmp_path), await rows(store)) == ([], 0)


async def test_what_is_not_kept_leaves_nothing(files: UploadedFiles, tmp_path: Path) -> None:
    async with files.draft() as draft:
        await draft.write([b"a", b"b"], param="file")
        assert len(lying(tmp_path)) == 1
    with pytest.raises(RequestTooLargeError) as refusal:
        async with files.draft() as draft:
            await draft.write([b"x" * (1024 * 1024 + 1)], param="file")

    assert refusal.value.param == "file"
    assert lying(tmp_path) == []


async def test_a_file_of_which_no_row_can_be_written_is_none(
    files: UploadedFiles, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuses(*_: object, **__: object) -> None:
        raise StoreError("the disk is full")

    monkeypatch.setattr(store, "write", refuses)
    with pytest.raises(StoreError):
        await upload(files, b"hello")

    assert lying(tmp_path) == []


async def test_an_owner_has_room_for_so_much_and_expired_files_take_none(store: Store, tmp_path: Path) -> None:
    files = uploaded(store, tmp_path, quota_bytes=100)
    await upload(files, b"x" * 60)
    with pytest.raises(FileQuotaError, match="41 bytes.* take 60 of the 100"):
        await upload(files, b"y" * 41)
    await upload(files, b"y" * 41, owner="other")
    await upload(files, b"z" * 40, expires_seconds=3600)

    past = update(FILES).where(FILES.c.size_bytes == 40).values(expires_at=utc_now())
    await store.write(lambda conn: conn.execute(past))
    assert await upload(files, b"y" * 40)


async def test_two_uploads_at_once_do_not_share_the_last_room(store: Store, tmp_path: Path) -> None:
    files = uploaded(store, tmp_path, quota_bytes=100)

    both = await asyncio.gather(*(upload(files, letter * 60) for letter in (b"a", b"b")), return_exceptions=True)

    assert [type(one) for one in both].count(FileQuotaError) == 1
    assert len(lying(tmp_path)) == 1


async def test_a_sweep_takes_what_has_expired_what_is_old_and_what_a_crash_left(
    files: UploadedFiles, store: Store, tmp_path: Path
) -> None:
    kept = await upload(files, b"kept")
    expired = await upload(files, b"expired", expires_seconds=3600)
    old = await upload(files, b"old!")
    now = utc_now()
    for record, values in ((expired, {"expires_at": now}), (old, {"created_at": now - timedelta(days=9)})):
        change = update(FILES).where(FILES.c.file_id == record.file_id).values(**values)
        await store.write(lambda conn, change=change: conn.execute(change))  # type: ignore[misc]
    left = tmp_path / "files" / "ab" / ("ab" + "0" * 62)
    left.parent.mkdir()
    draft = tmp_path / "files" / "drafts" / "0123"
    for path in (left, draft):
        path.write_bytes(b"left")
    young = await files.sweep(None)
    for path in (left, draft, files.locate(kept)):
        os.utime(path, (0, 0))

    assert await files.expired(now - timedelta(days=8)) == [4]
    assert await files.sweep(now - timedelta(days=8)) == [4]
    assert (young, await files.expired(None)) == ([7], [])
    assert lying(tmp_path) == [files.locate(kept)]


async def test_bytes_that_are_damaged_are_put_in_place_again(files: UploadedFiles) -> None:
    first = await upload(files, b"whole")
    files.locate(first).write_bytes(b"who")

    await upload(files, b"whole")

    assert files.locate(first).read_bytes() == b"whole"


async def test_the_type_is_that_of_the_first_bytes_however_they_come(files: UploadedFiles) -> None:
    async with files.draft() as draft:
        for piece in (b"%P", b"DF", b"-1.7"):
            await draft.write([piece], param="file")
        record = await files.keep(draft, "primary", FileTerms(purpose="user_data", filename="x.txt"))

    assert record.content_type == "application/pdf"
