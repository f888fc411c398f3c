"""Pictures and reports of the older bridge, under the ids that old links name."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from bridge.files import images
from bridge.importing.items import Item, Outcome
from bridge.importing.original import Original, Row
from core.contracts.artifacts import Artifact

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f/\\]")
_FOLDERS = {"image": "chatgpt-images", "research": "chatgpt-research"}
_OUTPUTS = "outputs"
_MOST_BYTES = 256 * 1024 * 1024
_LONGEST_NAME = 255


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One row of the older bridge's artifacts.

    Attributes:
        artifact: what it becomes, `None` when it cannot be taken.
        source: where its bytes lie.
        prompt, facts: what the older bridge kept with it.
    """

    item: Item
    artifact: Artifact | None = None
    source: Path | None = None
    prompt: str | None = None
    facts: dict[str, Any] | None = None


class _Unusable(Exception):
    """Why a row is left out."""


def find_files(original: Original, rows: Iterator[Row]) -> Iterator[FoundFile]:
    """Every row in order, its file looked for, read and examined; blocks."""
    for number, row in enumerate(rows, start=1):
        name = _word(row.get("file_id")) or f"row {number}"
        try:
            yield _examined(original, row)
        except _Unusable as problem:
            yield FoundFile(Item("artifact", name, Outcome.SKIP, str(problem)))


def find_strays(original: Original, found: Sequence[FoundFile]) -> Iterator[Item]:
    """Files in the older bridge's own folders that no row names: no link ever led to them."""
    named = {file.source for file in found}
    for name in _FOLDERS.values():
        folder = original.root / _OUTPUTS / name
        count = sum(path.is_file() and path not in named for path in folder.rglob("*")) if folder.is_dir() else 0
        if count:
            yield Item("folder", f"{_OUTPUTS}/{name}", Outcome.SKIP, f"{count} file(s) in it that no usable row names")


def _examined(original: Original, row: Row) -> FoundFile:
    file_id, kind = _word(row.get("file_id")), _word(row.get("kind"))
    if not _ID.fullmatch(file_id):
        raise _Unusable("its id cannot be part of a link")
    if kind not in _FOLDERS:
        raise _Unusable(f"a file of the kind {kind!r} is not known")
    source = _locate(original, row, kind)
    content = _read(source)
    artifact = _artifact(row, file_id, kind, source, content)
    recorded = row.get("bytes")
    detail = f"{artifact.filename}, {len(content)} bytes"
    if isinstance(recorded, int) and recorded != len(content):
        detail += f", though {recorded} were recorded: a later file may have taken its place"
    item = Item("artifact", file_id, Outcome.TAKE, detail)
    return FoundFile(item, artifact, source, _word(row.get("prompt")) or None, _facts(row.get("metadata_json")))


def _artifact(row: Row, file_id: str, kind: str, source: Path, content: bytes) -> Artifact:
    picture = _picture(content) if kind == "image" else None
    if picture is None:
        _require_text(content)
    ending = picture.extension if picture else "md"
    filename = _CONTROL.sub("_", _word(row.get("filename")) or source.name)[-_LONGEST_NAME:]
    return Artifact(
        file_id=file_id,
        kind=kind,
        filename=filename,
        path=f"{file_id[:2]}/{file_id}.{ending}",
        content_type=picture.content_type if picture else "text/markdown; charset=utf-8",
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=picture.width if picture else None,
        height=picture.height if picture else None,
        account=_word(row.get("account")) or None,
        created_at=_moment(row.get("created_at")) or datetime.fromtimestamp(source.stat().st_mtime, UTC),
    )


def _locate(original: Original, row: Row, kind: str) -> Path:
    """The row's file, wherever the folder lies now. A file elsewhere on the machine is none of the older bridge's."""
    allowed = (original.root, *original.folders)
    elsewhere = False
    for candidate in _candidates(original, row, kind):
        try:
            found = candidate.resolve(strict=True)
            if not found.is_file():
                continue
        except (OSError, RuntimeError, ValueError):
            continue
        if any(found.is_relative_to(folder) for folder in allowed):
            return found
        elsewhere = True
    if elsewhere:
        raise _Unusable("its file lies outside of the folder; name the folder it lies in as well")
    raise _Unusable("its file is gone")


def _candidates(original: Original, row: Row, kind: str) -> Iterator[Path]:
    given = _word(row.get("path"))
    if given:
        yield Path(given) if given.startswith("/") else original.root / given
        parts = PurePosixPath(given).parts
        if _OUTPUTS in parts:
            # A container saw the same folder under another path.
            yield original.root.joinpath(*parts[parts.index(_OUTPUTS) :])
    name = PurePosixPath(given).name or _word(row.get("filename"))
    if name and not _CONTROL.search(name) and name not in (".", ".."):
        yield original.root / _OUTPUTS / _FOLDERS[kind] / name
        for folder in original.folders:
            yield folder / name


def _read(source: Path) -> bytes:
    try:
        if source.stat().st_size > _MOST_BYTES:
            raise _Unusable(f"its file is larger than {_MOST_BYTES} bytes")
        return source.read_bytes()
    except OSError as error:
        raise _Unusable(f"its file cannot be read: {error.strerror}") from None


def _picture(content: bytes) -> images.Picture:
    try:
        return images.look(content)
    except images.NoPictureError as problem:
        raise _Unusable(f"its file is no picture: {problem}") from None


def _require_text(content: bytes) -> None:
    try:
        content.decode()
    except UnicodeDecodeError:
        raise _Unusable("its file is no text") from None


def _facts(stored: Any) -> dict[str, Any] | None:
    """What was kept with a file; what is no JSON stays as it is."""
    if not isinstance(stored, str) or not stored.strip():
        return None
    try:
        facts = json.loads(stored)
    except (ValueError, RecursionError):
        facts = stored
    return facts if isinstance(facts, dict) else {"stored": facts}


def _moment(stored: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(_word(stored))
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _word(stored: Any) -> str:
    return stored.strip() if isinstance(stored, str) else ""
