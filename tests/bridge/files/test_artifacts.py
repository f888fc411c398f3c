"""Files are there whole, once, and are what they say they are."""

from __future__ import annotations

import io
import stat
from pathlib import Path

import pytest
from PIL import Image

from bridge.files import artifacts as module
from bridge.files import images
from bridge.files.artifacts import Artifacts
from bridge.files.links import download_url
from bridge.files.names import slug
from bridge.operations.records import Operations
from bridge.store.engine import Store
from core.contracts.operations import OperationRecord
from core.errors import GoneError, NotFoundError, ProtocolError
from tests.bridge.operations.test_admission import OneAccount
from tests.fakes.upstream import png
from tests.fixtures.durable import admission


def encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, kind)
    return out.getvalue()


@pytest.fixture
async def operation(store: Store) -> OperationRecord:
    operations = Operations(store, OneAccount())  # type: ignore[arg-type]
    return (await operations.admit(admission("A heron, at Dawn!"))).record


@pytest.fixture
def kept(store: Store, tmp_path: Path) -> Artifacts:
    return Artifacts(store, tmp_path / "artifacts")


async def test_a_picture_is_written_whole_and_owner_only(
    kept: Artifacts, operation: OperationRecord, store: Store
) -> None:
    artifact = await kept.write_image(operation, 0, png())
    await store.write(lambda conn: module.keep(conn, artifact, "primary", 0))

    found, path = await kept.get(artifact.file_id)

    assert found == artifact
    assert path.read_bytes() == png()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert (found.width, found.height, found.content_type) == (16, 12, "image/png")
    assert found.filename.endswith(f"-a-heron-at-dawn-{found.file_id[:6]}.png")
    assert await kept.lies(found)


async def test_writing_twice_is_writing_once(kept: Artifacts, operation: OperationRecord, tmp_path: Path) -> None:
    first, second = [await kept.write_image(operation, 0, png()) for _ in range(2)]

    assert (first.file_id, first.path, first.sha256) == (second.file_id, second.path, second.sha256)
    assert sum(file.is_file() for file in (tmp_path / "artifacts").rglob("*")) == 1


async def test_an_unknown_file_is_not_found_and_a_removed_one_is_gone(
    kept: Artifacts, operation: OperationRecord, store: Store
) -> None:
    artifact = await kept.write_image(operation, 0, png())
    await store.write(lambda conn: module.keep(conn, artifact, "primary", 0))
    (await kept.get(artifact.file_id))[1].unlink()

    with pytest.raises(GoneError):
        await kept.get(artifact.file_id)
    with pytest.raises(NotFoundError):
        await kept.get("0" * 32)


@pytest.mark.parametrize(
    ("kind", "content_type", "extension"),
    [
        ("PNG", "image/png", "png"),
        ("JPEG", "image/jpeg", "jpg"),
        ("WEBP", "image/webp", "webp"),
        ("GIF", "image/gif", "gif"),
    ],
)
def test_a_picture_is_known_by_its_bytes(kind: str, content_type: str, extension: str) -> None:
    assert images.examine(encoded(kind)) == images.Picture(content_type, extension, 40, 30)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_cut_anywhere_is_refused(kind: str) -> None:
    whole = encoded(kind)
    accepted = []
    # The last eight bytes of a PNG say nothing but that it ends.
    for length in range(0, len(whole) - 8, max(1, len(whole) // 40)):
        try:
            images.examine(whole[:length])
        except ProtocolError:
            continue
        accepted.append(length)

    assert accepted == []


@pytest.mark.parametrize("content", [b"", b"<html>no</html>", encoded("BMP"), encoded("TIFF")])
def test_what_is_no_picture_we_keep_is_refused(content: bytes) -> None:
    with pytest.raises(ProtocolError):
        images.examine(content)


def test_too_many_pixels_are_refused_before_they_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 100)

    with pytest.raises(ProtocolError, match="pixels"):
        images.examine(png())


@pytest.mark.parametrize(
    "base", ["https://x.example", "https://x.example/", "https://x.example/v1", "https://x.example/v1/"]
)
async def test_links_are_absolute_and_name_v1_once(kept: Artifacts, operation: OperationRecord, base: str) -> None:
    artifact = (await kept.write_image(operation, 0, png())).model_copy(update={"filename": "ä b.png"})

    url = download_url(base, artifact)

    assert url == f"https://x.example/v1/chatgpt/files/{artifact.file_id}/%C3%A4%20b.png"


@pytest.mark.parametrize(
    ("words", "expected"),
    [("A heron, at Dawn!", "a-heron-at-dawn"), ("นกกระสา", "นกกระสา"), ("!!!", "image"), ("x" * 90, "x" * 48)],
)
def test_slugs(words: str, expected: str) -> None:
    assert slug(words) == expected
