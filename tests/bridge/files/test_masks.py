"""A mask as a picture that upstream can look at."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from bridge.files.images import NoPictureError
from bridge.files.masks import drawn
from tests.fakes.upstream import mask, png


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def pixels(content: bytes, *places: tuple[int, int]) -> list[Any]:
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "PNG"
        return [image.getpixel(place) for place in places]


def test_white_is_what_is_fully_transparent_and_black_everything_else() -> None:
    image = Image.new("RGBA", (16, 12), (9, 9, 9, 255))
    image.putpixel((0, 0), (0, 0, 0, 0))
    image.putpixel((1, 0), (0, 0, 0, 1))
    image.putpixel((2, 0), (255, 255, 255, 0))

    shown = pixels(drawn(encoded(image), png()), (0, 0), (1, 0), (2, 0), (3, 0))

    assert shown == [255, 0, 255, 0]


def test_the_same_mask_gives_the_same_bytes() -> None:
    assert drawn(mask(), png()) == drawn(mask(), png())


@pytest.mark.parametrize("mode", ["LA", "P"])
def test_every_png_that_can_shine_through_is_a_mask(mode: str) -> None:
    if mode == "LA":
        given = encoded(Image.new("LA", (16, 12), (0, 0)))
    else:
        given = encoded(Image.new("P", (16, 12), 0), transparency=0)

    assert pixels(drawn(given, png()), (5, 5)) == [255]


def test_a_picture_that_lies_on_its_side_is_measured_as_it_is_shown() -> None:
    tilted = Image.Exif()
    tilted[0x0112] = 6
    photo = encoded(Image.new("RGB", (40, 30)), "JPEG", exif=tilted)

    assert drawn(mask((30, 40)), photo)
    with pytest.raises(NoPictureError, match="40 x 30 pixels, the first picture 30 x 40"):
        drawn(mask((40, 30)), photo)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (b"hello", "decoded"),
        (encoded(Image.new("RGB", (16, 12)), "JPEG"), "not a PNG"),
        (png(), "no alpha channel"),
        (mask((16, 13)), "16 x 13 pixels, the first picture 16 x 12"),
        (mask(changed=False), "nothing would be changed"),
    ],
)
def test_what_is_no_mask_of_the_picture_says_why(given: bytes, why: str) -> None:
    with pytest.raises(NoPictureError, match=why):
        drawn(given, png())
