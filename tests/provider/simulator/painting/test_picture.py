"""Pictures: valid, deterministic, different, fast."""

from __future__ import annotations

import io
import time

import pytest
from PIL import Image, ImageChops, ImageFilter, ImageStat

from provider.simulator.painting import Picture, frame_size, paint

PROMPTS = ("a red cube", "a lighthouse at night", "a cat in a garden", "mountains in winter", "an abstract pattern")


@pytest.mark.parametrize("prompt", PROMPTS)
def test_picture_is_a_png_of_its_size(prompt: str) -> None:
    with Image.open(io.BytesIO(paint(Picture(prompt, 1)))) as picture:
        picture.load()
        assert (picture.format, picture.size) == ("PNG", (1024, 1024))
        assert min(ImageStat.Stat(picture.convert("L")).stddev) > 8


def test_same_words_and_seed_give_the_same_bytes() -> None:
    assert paint(Picture("a boat", 3, pixels=256)) == paint(Picture("a boat", 3, pixels=256))


def test_other_words_seeds_and_numbers_give_other_pictures() -> None:
    wanted = [Picture(prompt, 1, pixels=256) for prompt in PROMPTS]
    wanted += [Picture("a red cube", 2, pixels=256), Picture("a red cube", 1, 1, pixels=256)]
    drawn = [Image.open(io.BytesIO(paint(one))).convert("RGB") for one in wanted]
    for index, one in enumerate(drawn):
        for other in drawn[index + 1 :]:
            difference = ImageStat.Stat(ImageChops.difference(one, other)).mean
            assert sum(difference) > 20


def test_named_colour_is_in_the_picture() -> None:
    picture = Image.open(io.BytesIO(paint(Picture("a red ball", 5, pixels=256)))).convert("RGB")
    red, green, blue = ImageStat.Stat(picture.crop((120, 160, 136, 170))).mean
    assert red > 150
    assert red > 2 * max(green, blue)


@pytest.mark.parametrize(
    ("prompt", "size"),
    [
        ("a cat", (1000, 1000)),
        ("a cat. Make the aspect ratio 16:9.", (1000, 562)),
        ("a cat. Make the aspect ratio 9:16.", (562, 1000)),
        ("aspect ratio 4:3, no: aspect ratio 3:4", (750, 1000)),
        ("aspect ratio 7:5", (1000, 1000)),
    ],
)
def test_frame_follows_the_instruction(prompt: str, size: tuple[int, int]) -> None:
    assert frame_size(prompt, 1000) == size


def test_preview_is_coarser_and_inset_shows() -> None:
    detail = []
    for preview in (0, 2, 1):
        with Image.open(io.BytesIO(paint(Picture("a city", 1, pixels=512, preview=preview)))) as picture:
            shown = picture.convert("L").crop((0, 0, 512, 480))
        detail.append(ImageStat.Stat(shown.filter(ImageFilter.FIND_EDGES)).mean[0])
    assert detail == sorted(detail, reverse=True)
    assert detail[0] > 2 * detail[1]
    out = io.BytesIO()
    Image.new("RGB", (50, 20), (1, 2, 250)).save(out, "PNG")
    edited = Image.open(io.BytesIO(paint(Picture("a cat", 1, pixels=512, inset=out.getvalue())))).convert("RGB")
    assert edited.getpixel((90, 90)) == (1, 2, 250)


def test_an_inset_is_shown_whole() -> None:
    out = io.BytesIO()
    wide = Image.new("RGB", (400, 100), (1, 2, 250))
    wide.paste((250, 2, 1), (0, 0, 40, 100))
    wide.paste((2, 250, 1), (360, 0, 400, 100))
    wide.save(out, "PNG")
    edited = Image.open(io.BytesIO(paint(Picture("a cat", 1, pixels=512, inset=out.getvalue())))).convert("RGB")
    colours = {colour for _, colour in edited.crop((0, 0, 300, 120)).getcolors(1 << 20) or ()}
    assert {(250, 2, 1), (2, 250, 1), (1, 2, 250)} <= colours


@pytest.mark.parametrize("size", [(4000, 1), (1, 4000)])
def test_an_inset_that_is_all_length_does_no_harm(size: tuple[int, int]) -> None:
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, "PNG")
    assert paint(Picture("a cat", 1, pixels=64, inset=out.getvalue()))


def test_unreadable_inset_is_left_out() -> None:
    assert paint(Picture("a cat", 1, pixels=64, inset=b"nothing")) == paint(Picture("a cat", 1, pixels=64))


def test_smallest_picture_is_drawn_too() -> None:
    with Image.open(io.BytesIO(paint(Picture("a forest with a tree", 1, pixels=16)))) as picture:
        assert picture.size == (16, 16)


def test_drawing_is_quick() -> None:
    paint(Picture("warm up", 1))
    times = []
    for number in range(5):
        started = time.thread_time()
        paint(Picture("a city by the sea", number))
        times.append(time.thread_time() - started)
    assert min(times) < 0.15
