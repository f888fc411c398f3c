"""Previews lie beside the artifacts for a day."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

import pytest

from bridge.files.previews import Previews
from core.clock import utc_now
from core.contracts.images import ImageForm
from core.errors import ProtocolError
from tests.fakes.upstream import png

FORM = ImageForm()


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def previews(tmp_path: Path) -> Previews:
    return Previews(tmp_path)


async def test_a_preview_is_kept_once_in_the_form_of_its_picture(previews: Previews, tmp_path: Path) -> None:
    names = [(await previews.write("op", "asset", png(), FORM))[0] for _ in range(2)]
    other, picture = await previews.write("op", "asset", png(), ImageForm(output_format="webp"))

    assert names[0] == names[1] != other
    assert await previews.read(names[0]) == png()
    assert (picture.content_type, picture.width, picture.height) == ("image/webp", 16, 12)
    assert len(files(tmp_path)) == 2


async def test_what_is_no_picture_is_not_kept(previews: Previews, tmp_path: Path) -> None:
    with pytest.raises(ProtocolError):
        await previews.write("op", "asset", b"<html>", FORM)

    assert not files(tmp_path)


async def test_an_operations_previews_are_forgotten_together(previews: Previews) -> None:
    mine, other = [(await previews.write(name, "asset", png(), FORM))[0] for name in ("mine", "other")]

    await previews.forget("mine")
    await previews.forget("nobody")

    assert await previews.read(mine) is None
    assert await previews.read(other) == png()


async def test_what_is_old_goes(previews: Previews, tmp_path: Path) -> None:
    await previews.remove_old(utc_now())
    old, new = [(await previews.write(name, "asset", png(), FORM))[0] for name in ("old", "new")]
    then = (utc_now() - timedelta(days=2)).timestamp()
    os.utime((tmp_path / "previews" / old).parent, (then, then))

    await previews.remove_old(utc_now() - timedelta(days=1))

    assert await previews.read(old) is None
    assert await previews.read(new) == png()
