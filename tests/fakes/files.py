"""Files of a test's own folder."""

from __future__ import annotations

from pathlib import Path

from bridge.files.kept import KeptFiles
from bridge.files.library import Library
from bridge.files.uploaded import UploadedFiles
from bridge.store.engine import Store
from core.contracts.files import FileRecord, FileTerms


def library(store: Store, root: Path, *, quota_bytes: int = 0) -> Library:
    """What was uploaded lies below `files`, what was made below `artifacts`."""
    artifacts = root / "artifacts"
    return Library(store, uploaded(store, root, quota_bytes=quota_bytes), KeptFiles(store, artifacts), artifacts)


def uploaded(store: Store, root: Path, *, quota_bytes: int = 0) -> UploadedFiles:
    """Files of a megabyte at most."""
    return UploadedFiles(store, root / "files", most_bytes=1024 * 1024, quota_bytes=quota_bytes)


async def upload(
    files: UploadedFiles, content: bytes, name: str = "a.txt", owner: str = "primary", **terms: object
) -> FileRecord:
    """Keep a file, as a client's upload does."""
    said = FileTerms.model_validate({"purpose": "user_data", "filename": name, **terms})
    async with files.draft() as draft:
        await draft.write([content], param="file")
        return await files.keep(draft, owner, said)
