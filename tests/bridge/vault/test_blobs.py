"""Large payloads beside the database."""

from __future__ import annotations

import hashlib
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bridge.vault.blobs import Blobs, PayloadBlobs
from core.errors import GoneError, StoreError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "payloads"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


async def test_bytes_are_known_by_their_digest_and_kept_once_for_the_owner_alone(folder: Path) -> None:
    blobs = PayloadBlobs(folder)

    digests = [await blobs.put(b"sealed"), await blobs.put(b"sealed")]

    assert digests == [hashlib.sha256(b"sealed").hexdigest()] * 2
    assert await blobs.get(digests[0]) == b"sealed"
    [file] = files(folder)
    assert file.stat().st_mode & 0o777 == 0o600
    assert {path.stat().st_mode & 0o777 for path in (folder, file.parent)} == {0o700}


@pytest.mark.parametrize("reference", ["0" * 64, "../../etc/passwd", ""])
async def test_what_is_not_kept_is_gone(folder: Path, reference: str) -> None:
    with pytest.raises(GoneError):
        await PayloadBlobs(folder).get(reference)


async def test_damaged_bytes_are_not_given_out(folder: Path) -> None:
    blobs = PayloadBlobs(folder)
    digest = await blobs.put(b"sealed")
    (folder / digest[:2] / digest).write_bytes(b"broken")

    with pytest.raises(StoreError):
        await blobs.get(digest)


async def test_only_what_is_old_is_removed_and_drafts_of_a_crash_with_it(folder: Path) -> None:
    blobs = PayloadBlobs(folder)
    old, new = await blobs.put(b"old"), await blobs.put(b"newer")
    draft = folder / old[:2] / ".draft.tmp"
    draft.write_bytes(b"half")
    week_ago = (datetime.now(UTC) - timedelta(days=7)).timestamp()
    for path in (folder / old[:2] / old, draft):
        os.utime(path, (week_ago, week_ago))
    before = datetime.now(UTC) - timedelta(days=1)

    planned = await blobs.old(before)
    assert await blobs.get(old) == b"old"
    removed = await blobs.remove_old(before)

    assert planned == removed == Blobs(2, len(b"old") + len(b"half"))
    assert await blobs.get(new) == b"newer"
    with pytest.raises(GoneError):
        await blobs.get(old)
