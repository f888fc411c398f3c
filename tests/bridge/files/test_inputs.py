"""Inputs are kept once, are what their bytes say, and are read back as they were sent."""

from __future__ import annotations

import hashlib
import io
import stat
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from bridge.files import images
from bridge.files.inputs import INPUTS, Inputs, touch
from bridge.files.references import Loaded
from bridge.store.engine import Store
from core.errors import GoneError, InvalidImageError
from tests.fakes.upstream import png

SHA = hashlib.sha256(png()).hexdigest()


@pytest.fixture
def inputs(store: Store, tmp_path: Path) -> Inputs:
    return Inputs(store, tmp_path / "inputs")


def files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / "inputs").rglob("*") if path.is_file())


async def rows(store: Store) -> list[Any]:
    return list(await store.read(lambda conn: conn.execute(select(INPUTS)).all()))


async def test_an_input_is_known_by_its_bytes(inputs: Inputs, store: Store, tmp_path: Path) -> None:
    ref = await inputs.store(png(), name="a.png")

    (path,) = files(tmp_path)
    (row,) = await rows(store)
    assert path == tmp_path / "inputs" / SHA[:2] / SHA
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (ref.sha256, ref.content_type, ref.size_bytes, ref.width, ref.height, ref.name) == (
        SHA, "image/png", len(png()), 16, 12, "a.png"
    )  # fmt: skip
    assert (row.sha256, row.path, row.content_type, row.size_bytes) == (
        SHA,
        f"{SHA[:2]}/{SHA}",
        "image/png",
        len(png()),
    )
    assert await inputs.read(ref) == png()


async def test_equal_bytes_are_kept_once_and_used_again(inputs: Inputs, store: Store, tmp_path: Path) -> None:
    await inputs.store(png(), name="a.png")
    (before,) = await rows(store)
    (written,) = files(tmp_path)
    stamp = written.stat().st_mtime_ns

    again = await inputs.store(png(), name="b.png")

    (after,) = await rows(store)
    assert (again.sha256, again.name) == (SHA, "b.png")
    assert files(tmp_path) == [written]
    assert written.stat().st_mtime_ns == stamp
    assert after.used_at > before.used_at
    assert after.created_at == before.created_at


async def test_an_input_whose_file_was_removed_is_written_again(inputs: Inputs, tmp_path: Path) -> None:
    ref = await inputs.store(png(), name="a.png")
    files(tmp_path)[0].unlink()

    assert await inputs.store(png(), name="a.png") == ref
    assert await inputs.read(ref) == png()


async def test_using_an_input_again_is_noted(inputs: Inputs, store: Store) -> None:
    ref = await inputs.store(png(), name="a.png")
    (before,) = await rows(store)

    await store.write(lambda conn: touch(conn, [ref]))

    (after,) = await rows(store)
    assert isinstance(after.used_at, datetime)
    assert after.used_at > before.used_at


@pytest.mark.parametrize("damage", [None, b"other bytes"])
async def test_an_input_that_is_not_there_as_it_was_is_gone(
    inputs: Inputs, tmp_path: Path, damage: bytes | None
) -> None:
    ref = await inputs.store(png(), name="a.png")
    (path,) = files(tmp_path)
    path.unlink() if damage is None else path.write_bytes(damage)

    with pytest.raises(GoneError):
        await inputs.read(ref)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("heron.PNG", "heron.png"),
        ("heron.jpeg", "heron.png"),
        ("../../etc/passwd", "passwd.png"),
        ("C:\\pictures\\a b.gif", "a b.png"),
        ("", "image.png"),
        (".png", "png.png"),
        ("ก\u0000น\n.png", "ก_น.png"),
        ('a"b<c>.png', "a_b_c.png"),
        ("x" * 300 + ".png", "x" * 80 + ".png"),
        ("\ud800.png", "image.png"),
    ],
)
async def test_a_name_is_a_plain_one_that_fits_the_type(inputs: Inputs, given: str, name: str) -> None:
    assert (await inputs.store(png(), name=given)).name == name


def _encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(("kind", "mime"), [("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")])
async def test_the_bytes_decide_the_type(inputs: Inputs, kind: str, mime: str) -> None:
    assert (await inputs.store(_encoded(kind), name="a.png")).content_type == mime


async def test_a_telephones_picture_with_more_behind_it_is_a_jpeg(inputs: Inputs) -> None:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "teal").save(out, "MPO", save_all=True, append_images=[Image.new("RGB", (40, 30))])

    ref = await inputs.store(out.getvalue(), name="photo.jpeg")

    assert (ref.content_type, ref.name, ref.width) == ("image/jpeg", "photo.jpg", 40)


@pytest.mark.parametrize(
    "content", [b"", b"hello", png()[:-20], b"<svg xmlns='http://www.w3.org/2000/svg'/>", _encoded("BMP")]
)
async def test_one_that_is_no_picture_keeps_the_others_from_being_stored(
    inputs: Inputs, store: Store, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(InvalidImageError) as refusal:
        await inputs.store_all([Loaded(png(), "a.png", "image[0]"), Loaded(content, "b.png", "image[1]")])

    assert refusal.value.param == "image[1]"
    assert not files(tmp_path)
    assert not await rows(store)


async def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MAX_PIXELS", 100)

    with pytest.raises(InvalidImageError, match="16 x 12 pixels"):
        await inputs.store(png(), name="a.png")
