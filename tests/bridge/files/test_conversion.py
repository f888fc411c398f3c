"""Pictures change their format and nothing else that can be seen."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from bridge.files.conversion import converted
from core.contracts.images import OutputFormat


def encoded(image: Image.Image, kind: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


NOISE = encoded(Image.effect_noise((64, 64), 80).convert("RGB"))


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "I;16"])
def test_every_kind_of_picture_becomes_every_format(kind: OutputFormat, mode: str) -> None:
    source = Image.new("L", (40, 30), 200).convert(mode) if mode != "I;16" else Image.new("I;16", (40, 30), 50_000)

    image = opened(converted(encoded(source), kind, None))

    assert (image.format, image.size) == (kind.upper(), (40, 30))


@pytest.mark.parametrize("kind", ["png", "webp"])
def test_what_shines_through_goes_on_doing_so(kind: OutputFormat) -> None:
    source = Image.new("RGBA", (8, 8), (255, 0, 0, 0))

    assert opened(converted(encoded(source), kind, None)).convert("RGBA").getpixel((4, 4))[3] == 0  # type: ignore[index]


def test_what_shines_through_is_white_where_nothing_can() -> None:
    source = Image.new("RGBA", (8, 8), (255, 0, 0, 0))

    assert opened(converted(encoded(source), "jpeg", None)).getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_more_compression_is_less_to_keep_and_none_is_the_best(kind: OutputFormat) -> None:
    best, usual, least = [len(converted(NOISE, kind, value)) for value in (None, 50, 0)]

    assert best > usual > least
    assert len(converted(NOISE, kind, 100)) == best


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_the_same_bytes_give_the_same_bytes(kind: OutputFormat) -> None:
    assert converted(NOISE, kind, None) == converted(NOISE, kind, None)


def test_a_picture_is_turned_as_its_orientation_says() -> None:
    tilted = Image.Exif()
    tilted[0x0112] = 6

    image = opened(converted(encoded(Image.new("RGB", (40, 30)), "JPEG", exif=tilted), "png", None))

    assert image.size == (30, 40)
    assert not image.getexif()


def test_of_a_moving_picture_the_first_frame_stays() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    source = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])

    image = opened(converted(source, "png", None))

    assert (getattr(image, "n_frames", 1), image.convert("RGB").getpixel((1, 1))) == (1, (255, 0, 0))
